// What a page looks like right now, for wellFormed: each list names the elements that somebody would stumble over.
(() => {
  const all = css => [...document.querySelectorAll(css)];
  const style = e => getComputedStyle(e);
  const name = e => e.id || e.name || e.outerHTML.slice(0, 80);
  const shown = e => e.getClientRects().length > 0 && style(e).visibility !== 'hidden' && e.getBoundingClientRect().width > 2;
  const typed = all('input:not([type=hidden],[type=checkbox],[type=radio],[type=submit]), textarea, select').filter(shown);
  const root = document.documentElement;

  const { contrast, painted } = colours;
  const edge = e => Math.max(contrast(style(e).borderTopColor, painted(e.parentElement)), contrast(painted(e), painted(e.parentElement)));

  const year = e => Number(new Date(e.dateTime).toLocaleDateString('en', { year: 'numeric', timeZone: root.lang === 'th' ? 'Asia/Bangkok' : 'UTC' }));
  const era = root.lang === 'th' ? 543 : 0;
  // What managers and keyboards of phones go by.
  const fits = e => {
    const kept = e.autocomplete.split(' ');
    if (e.name === 'password') return kept.length === 1 && /^(current|new)-password$/.test(kept[0]);
    if (e.name === 'code') return e.type === 'text' && (kept[0] === 'off' || kept[0] === 'one-time-code' && e.inputMode === 'numeric') && all('[name=code]').filter(shown).length === 1;
    if (['email', 'tel'].includes(kept[0])) return e.inputMode === kept[0];
    return kept[0] !== '';
  };
  const facts = {
    lang: root.lang, title: document.title, h1: all('h1').length, main: all('main').length,
    wide: root.scrollWidth, view: root.clientWidth,
    small: typed.filter(e => parseFloat(style(e).fontSize) < 16).map(name),
    unlabeled: typed.filter(e => e.labels.length === 0).map(name),
    prompted: typed.filter(e => e.placeholder).map(name),
    unpastable: typed.filter(e => !e.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true }))).map(name),
    unfit: typed.filter(e => !fits(e)).map(name),
    flat: all('.button').filter(shown).filter(e => e.getBoundingClientRect().height < 44).map(name),
    pale: [...typed, ...all('.button').filter(shown)].filter(e => edge(e) < 3).map(name),
    clipped: all('h1, h2, label, legend, button, summary, .button').filter(shown)
      .filter(e => style(e).display !== 'inline' && e.scrollHeight > e.clientHeight + 1).map(name),
    undated: all('time').filter(e => !/^\d{4}-\d\d-\d\dT[\d:]+Z$/.test(e.dateTime) || !e.innerText.includes(String(year(e) + era))).map(name),
  };
  root.style.fontSize = '200%';
  facts.grown = root.scrollWidth;
  root.style.fontSize = '';
  return facts;
})()
