// Tells a page that embeds us whether somebody signed in or out here since it got its session_state (OpenID Connect Session
// Management). What it learns is bound to its own origin, which the browser names.
'use strict';

const name = document.currentScript.dataset.cookie + '=';

function state() {
  const cookie = document.cookie.split('; ').find((c) => c.startsWith(name));
  return cookie ? cookie.slice(name.length) : '';
}

async function answer(message, origin) {
  const [client, session, more] = message.split(' ');
  const salt = session ? session.split('.')[1] : '';
  if (!salt || more !== undefined) return 'error';
  const now = state();
  if (!now) {
    // A browser that keeps cookies from embedded pages would make every look one at a change.
    const blind = document.hasStorageAccess && !(await document.hasStorageAccess());
    return blind ? 'error' : 'changed';
  }
  const bytes = new TextEncoder().encode([client, origin, now, salt].join(' '));
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const hex = Array.from(sum, (b) => b.toString(16).padStart(2, '0')).join('');
  return session === hex + '.' + salt ? 'unchanged' : 'changed';
}

addEventListener('message', (e) => {
  if (typeof e.data !== 'string' || e.data.length > 1000 || !e.source || e.origin === 'null') return;
  answer(e.data, e.origin).catch(() => 'error').then((said) => e.source.postMessage(said, e.origin));
});
