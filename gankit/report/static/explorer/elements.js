// What the explorer asks of a page: elements, and time for work in small pieces.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const SLICE = 12; // Milliseconds of work in a frame.

  // Returns an element; what has a dash in its name, or is a role, is set as an attribute.
  explorer.element = (tag, properties = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.includes("-") || name === "role") made.setAttribute(name, value);
      else made[name] = value;
    }
    made.append(...children);
    return made;
  };

  // Returns what asks for work: pieces are then taken from the generators that `next` returns, a
  // few milliseconds in each frame, until it returns none. Asking twice is asking once.
  explorer.inFrames = (next) => {
    let current;
    let asked = false;
    const ask = () => {
      if (!asked) requestAnimationFrame(frame);
      asked = true;
    };
    const frame = () => {
      asked = false;
      const end = performance.now() + SLICE;
      while (performance.now() < end) {
        current ??= next();
        if (!current) return;
        if (current.next().done) current = undefined;
      }
      ask();
    };
    return ask;
  };
})();
