// Create elements, and run long work in short slices of time.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const SLICE = 12; // Milliseconds of work in a frame.

  // Returns an element. A property is set as an attribute if its name is "role" or has a dash.
  explorer.element = (tag, properties = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.includes("-") || name === "role") made.setAttribute(name, value);
      else made[name] = value;
    }
    made.append(...children);
    return made;
  };

  // Returns a function that schedules work. In each animation frame, the generators that `next`
  // returns are run for a few milliseconds, until `next` returns nothing. While work is scheduled,
  // further calls do nothing.
  explorer.inFrames = (next) => {
    let current;
    let scheduled = false;
    const schedule = () => {
      if (!scheduled) requestAnimationFrame(frame);
      scheduled = true;
    };
    const frame = () => {
      scheduled = false;
      const end = performance.now() + SLICE;
      while (performance.now() < end) {
        current ??= next();
        if (!current) return;
        if (current.next().done) current = undefined;
      }
      schedule();
    };
    return schedule;
  };
})();
