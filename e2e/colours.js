// Contrast as WCAG 2 defines it, of a colour on whatever is painted below.
globalThis.colours ??= (() => {
  const parts = colour => colour.match(/[\d.]+/g).map(Number);
  const light = colour => parts(colour).slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  return {
    painted: e => {
      while (e && parts(getComputedStyle(e).backgroundColor)[3] === 0) e = e.parentElement;
      return e ? getComputedStyle(e).backgroundColor : 'rgb(255, 255, 255)';
    },
    contrast: (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05),
  };
})();
