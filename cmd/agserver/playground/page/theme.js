// Light, dark, or as the system. Loaded before the page is painted, so that
// nothing flashes; a plain script for that reason, not a module.
(() => {
  const KEY = 'playground.theme';
  const root = document.documentElement;

  // Storage can be forbidden; the choice then lasts as long as the page.
  const stored = () => {
    try { return localStorage.getItem(KEY); } catch { return null; }
  };
  const store = (theme) => {
    try { localStorage.setItem(KEY, theme); } catch { /* see above */ }
  };

  const apply = (theme) => {
    root.dataset.theme = theme === 'light' || theme === 'dark' ? theme : 'auto';
    const choice = document.querySelector(`#theme input[value="${root.dataset.theme}"]`);
    if (choice) {
      choice.checked = true;
    }
  };

  apply(stored());
  addEventListener('DOMContentLoaded', () => {
    apply(root.dataset.theme);
    document.querySelector('#theme')?.addEventListener('change', (event) => {
      store(event.target.value);
      apply(event.target.value);
    });
  });
  // Another tab, or the other half of the page, has chosen.
  addEventListener('storage', (event) => {
    if (event.key === KEY) {
      apply(event.newValue);
    }
  });
})();
