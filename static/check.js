// What is wrong with an application's form is told while it is being filled in, by the answer that its button brings.
'use strict';
(() => {
  const form = document.getElementById('client-form');
  if (!form) return;
  const touched = new Map(); // where to tell of an input: readers hear of what changes in a place that was there before
  let asked = 0;
  form.addEventListener('change', async event => {
    const changed = event.target.closest('.field');
    if (changed && !touched.has(event.target.id)) {
      const place = document.createElement('div');
      place.setAttribute('role', 'status');
      changed.append(place);
      touched.set(event.target.id, place);
    }
    const mine = ++asked, body = new URLSearchParams(new FormData(form));
    body.set('action', 'check');
    // form.action is the button of that name.
    const answer = await fetch(form.getAttribute('action'), {method: 'POST', body}).catch(() => null);
    if (!answer || answer.redirected || ![200, 422].includes(answer.status)) return;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (mine !== asked) return;
    for (const [id, place] of touched) {
      const input = document.getElementById(id), told = page.getElementById(id);
      if (!told) continue;
      input.closest('.field').querySelectorAll('.wrong').forEach(old => old.remove());
      place.replaceChildren(...told.closest('.field').querySelectorAll('.wrong'));
      for (const name of ['aria-invalid', 'aria-describedby'])
        if (told.hasAttribute(name)) input.setAttribute(name, told.getAttribute(name));
        else input.removeAttribute(name);
    }
  });
})();
