// What a page does better with scripts. Everything works without.
'use strict';
(() => {
  const all = (css, f) => document.querySelectorAll(css).forEach(f);

  // Show a password, keeping value and caret. Nothing is sent, stored or offered for completion in the clear.
  all('.show', button => {
    const input = document.getElementById(button.getAttribute('aria-controls'));
    const set = shown => {
      const from = input.selectionStart, to = input.selectionEnd;
      input.type = shown ? 'text' : 'password';
      if (from !== null) input.setSelectionRange(from, to);
      button.setAttribute('aria-pressed', String(shown));
      button.setAttribute('aria-label', button.dataset[shown ? 'hide' : 'show']);
    };
    input.spellcheck = false;
    input.autocapitalize = 'none';
    button.hidden = false;
    button.addEventListener('click', () => set(input.type === 'password'));
    input.form.addEventListener('submit', () => set(false));
  });

  // Caps Lock is only worth a word while a password is being typed.
  all('.caps', hint => {
    const input = hint.closest('.field').querySelector('[type=password]');
    const look = event => {
      if (!event.getModifierState) return;
      const text = event.getModifierState('CapsLock') ? hint.dataset.caps : '';
      if (hint.textContent !== text) hint.textContent = text;
    };
    input.addEventListener('keydown', look);
    input.addEventListener('keyup', look);
    input.addEventListener('blur', () => { hint.textContent = ''; });
  });

  // One click is enough: the second of a double click is dropped for a while.
  all('form', form => {
    let sent = 0;
    form.addEventListener('submit', event => {
      const now = Date.now();
      if (now - sent < 3000) event.preventDefault();
      else sent = now;
    });
    addEventListener('pageshow', () => { sent = 0; });
  });

  if (navigator.clipboard) all('[data-copy]', button => {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).innerText);
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  });
})();
