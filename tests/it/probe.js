// Leaves on the page what a user would see of it, as JSON.
const box = (it) => it.getBoundingClientRect();
const drawn = (it) => box(it).width > 0 && box(it).height > 0;
const inside = (it, around) => {
  const [a, b] = [box(it), box(around)];
  return a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
};
const told = (it) => it.textContent.replace(/[^\w .%=,:-]/g, "?");
const pictures = [...document.querySelectorAll("svg")].map((svg) => ({
  drawn: drawn(svg),
  strokes: [...svg.querySelectorAll("path, circle")].filter((it) => box(it).width + box(it).height > 0).length,
  texts: [...svg.querySelectorAll("text")].map(told),
  cut_off: [...svg.querySelectorAll("text, path")].filter((it) => !inside(it, svg)).map((it) => told(it) || it.className.baseVal),
}));
const rows = [...document.querySelectorAll("tbody tr")].filter(drawn);
const seen = {
  standards_mode: document.compatMode === "CSS1Compat",
  rows: rows.map((row) => [...row.children].map(told)),
  headings: [...document.querySelectorAll("h1, h2, h3")].map(told),
  settings: [...document.querySelectorAll("dl div")].filter(drawn).map((it) => [...it.children].map(told)),
  pictures,
  wider_than_the_window: document.documentElement.scrollWidth > window.innerWidth,
};
document.body.textContent = JSON.stringify(seen);
