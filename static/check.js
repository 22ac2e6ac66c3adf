// What is wrong with an application's form is told while it is being filled in, by the answer that its button brings.
'use strict';
(() => {
  const form = document.getElementById('client-form');
  if (!form) return;
  const touched = new Set();
  let asked = 0;
  form.addEventListener('change', async event => {
    touched.add(event.target.id);
    const mine = ++asked, body = new URLSearchParams(new FormData(form));
    body.set('action', 'check');
    const answer = await fetch(form.action, {method: 'POST', body}).catch(() => null);
    if (!answer || answer.redirected || ![200, 422].includes(answer.status)) return;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (mine !== asked) return;
    for (const id of touched) {
      const input = document.getElementById(id), told = page.getElementById(id);
      const field = input && input.closest('.field');
      if (!field || !told) continue;
      field.querySelectorAll('.wrong').forEach(old => old.remove());
      told.closest('.field').querySelectorAll('.wrong').forEach(wrong => {
        wrong.setAttribute('role', 'status');
        field.append(wrong);
      });
      for (const name of ['aria-invalid', 'aria-describedby'])
        if (told.hasAttribute(name)) input.setAttribute(name, told.getAttribute(name));
        else input.removeAttribute(name);
    }
  });
})();
