// Passkeys: asks the browser and posts what it answers. Without scripts or passkeys nothing of it is seen.
'use strict';
(() => {
  const api = window.PublicKeyCredential;
  if (!api || !navigator.credentials) {
    document.querySelectorAll('.passkey').forEach(form => form.remove()); // the style keeps its place otherwise
    return;
  }
  const find = id => document.getElementById(id);
  const signIn = find('passkey'), create = find('passkey-new'), signals = find('passkey-signals');

  const bytes = text => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
  const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

  // Options from JSON, for browsers that can't read it themselves (Safari before 18.4).
  const listed = list => (list ?? []).map(c => ({ ...c, id: bytes(c.id) }));
  const toGet = o => api.parseRequestOptionsFromJSON ? api.parseRequestOptionsFromJSON(o)
    : { ...o, challenge: bytes(o.challenge), allowCredentials: listed(o.allowCredentials) };
  const toCreate = o => api.parseCreationOptionsFromJSON ? api.parseCreationOptionsFromJSON(o)
    : { ...o, challenge: bytes(o.challenge), user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: listed(o.excludeCredentials) };

  // toJSON is missing in older browsers, and fails where an extension answered.
  const toJSON = credential => {
    try { return JSON.stringify(credential.toJSON()); } catch { /* by hand */ }
    const response = {};
    for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    return JSON.stringify({
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
      authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  };

  const send = (form, state, credential) => {
    form.elements.state.value = state;
    form.elements.credential.value = toJSON(credential);
    form.submit();
  };

  const elsewhere = form => location.origin !== form.dataset.origin;
  const say = (form, words) => { find('passkey-said').textContent = words.replace('{opened}', location.origin); };
  const explain = (form, error) => {
    if (error.name === 'AbortError') return; // by ourselves
    if (error.name === 'SecurityError') say(form, form.dataset.mismatch);
    else if (error.name === 'NotAllowedError') say(form, form.dataset.cancelled);
    else if (error.name === 'InvalidStateError' && form.dataset.exists) say(form, form.dataset.exists);
    else say(form, form.dataset.failed);
  };

  // One question at a time: the browser refuses a second while the first is open.
  let open = null;
  const only = () => {
    if (open) open.abort();
    open = new AbortController();
    return open.signal;
  };

  const prepare = (form, button, ask) => {
    form.hidden = false;
    button.addEventListener('click', async () => {
      say(form, elsewhere(form) ? form.dataset.mismatch : '');
      if (elsewhere(form)) return;
      button.disabled = true;
      try { await ask(); } catch (error) { explain(form, error); }
      button.disabled = false;
      button.focus();
    });
  };

  if (signIn) {
    // A question is good for five minutes and for one answer.
    const renewal = 4 * 60 * 1000;
    let question = JSON.parse(signIn.dataset.ask), asked = Date.now();
    const current = async () => {
      if (Date.now() - asked > renewal) {
        const answer = await fetch(signIn.dataset.renew, { cache: 'no-store' });
        question = await answer.json();
        asked = Date.now();
      }
      return question;
    };
    const get = async mediation => {
      const signal = only();
      const { publicKey, state } = await current();
      send(signIn, state, await navigator.credentials.get({ publicKey: toGet(publicKey), mediation, signal }));
    };
    // Autofill waits silently below the field; the dialog comes only by the button.
    const autofill = async () => {
      if (elsewhere(signIn) || !document.querySelector('[autocomplete~=webauthn]')) return;
      if (!api.isConditionalMediationAvailable || !await api.isConditionalMediationAvailable()) return;
      const began = only();
      const { publicKey, state } = await current();
      if (began.aborted) return;
      try {
        send(signIn, state, await navigator.credentials.get({ publicKey: toGet(publicKey), mediation: 'conditional', signal: began }));
      } catch (error) {
        if (error.name !== 'AbortError' && error.name !== 'NotAllowedError') explain(signIn, error);
      }
    };
    let busy = false;
    prepare(signIn, find('passkey-button'), async () => {
      busy = true;
      try { await get('optional'); } catch (error) { if (!unknown) autofill(); throw error; } finally { busy = false; }
    });
    // What was refused as unknown isn't offered again.
    const { unknown, rp } = signIn.dataset;
    const forgotten = !unknown ? Promise.resolve(true)
      : api.signalUnknownCredential ? api.signalUnknownCredential({ rpId: rp, credentialId: unknown }).then(() => true, () => false)
      : Promise.resolve(false);
    forgotten.then(yes => { if (yes) autofill(); });
    setInterval(() => { if (!busy && !unknown) autofill(); }, renewal + 1000);
    addEventListener('pageshow', event => { if (event.persisted) { asked = 0; autofill(); } });
    const can = document.querySelector('#sign-in [name=passkeys]');
    if (can && api.isUserVerifyingPlatformAuthenticatorAvailable) {
      api.isUserVerifyingPlatformAuthenticatorAvailable().then(yes => { can.value = yes ? '1' : ''; }).catch(() => {});
    }
  }

  if (create) {
    const loaded = Date.now();
    const none = find('passkey-unsupported');
    if (none) none.hidden = true;
    const make = async (question, mediation) => {
      const signal = only();
      const { publicKey, state } = JSON.parse(question);
      const options = { publicKey: toCreate(publicKey), signal };
      if (mediation) options.mediation = mediation;
      send(create, state, await navigator.credentials.create(options));
    };
    prepare(create, find('passkey-create'), async () => {
      // After ten minutes the question is old, and so is the sign-in.
      if (Date.now() - loaded > 9 * 60 * 1000) location.reload();
      else await make(create.dataset.ask);
    });
    addEventListener('pageshow', event => { if (event.persisted) location.reload(); });
    // A password manager may make one by itself, right after it filled in the password. It says nothing when it doesn't.
    if (create.dataset.quiet && !elsewhere(create) && api.getClientCapabilities) {
      api.getClientCapabilities().then(can => can.conditionalCreate && make(create.dataset.quiet, 'conditional')).catch(() => {});
    }
  }

  if (signals) {
    const { rp: rpId, user: userId, name, display: displayName, removed: credentialId, accepted } = signals.dataset;
    const tell = (what, options) => { if (api[what]) api[what](options).catch(() => {}); };
    if (userId) {
      tell('signalAllAcceptedCredentials', { rpId, userId, allAcceptedCredentialIds: JSON.parse(accepted) });
      if (name) tell('signalCurrentUserDetails', { rpId, userId, name, displayName: displayName || name });
    }
    if (credentialId) tell('signalUnknownCredential', { rpId, credentialId });
  }
})();
