// What a person sees: a large picture, and all of its seed beside it to choose from.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const { element } = explorer;
  const SHOWN = 360; // Pixels of the large picture's longer side, at most.

  // Returns `count` pictures as {root, paint, enlarge, say, describe, save}; `choose` hears the
  // number of the one that is pressed.
  explorer.view = ([height, width, channels], count, choose) => {
    const shape = [height, width, channels];
    const canvas = (properties) => element("canvas", { width, height, ...properties });
    const large = canvas({ className: "explorer__picture", role: "img", "aria-label": "" });
    const small = Array.from({ length: count }, () => canvas({ "aria-hidden": "true" }));
    const buttons = small.map((picture, number) => pressable(picture, number, choose));
    const caption = element("p", {
      className: "explorer__caption", role: "status", "aria-live": "polite",
    });
    const strip = element("div", {
      className: "explorer__strip", role: "group", "aria-label": "pictures of this seed",
    }, ...buttons);
    const root = element("div", { className: "explorer__view" }, large, caption, strip);
    const factor = Math.max(1, Math.floor(SHOWN / Math.max(width, height)));
    root.style.setProperty("--explorer-side", `${width * factor}px`);
    return {
      root,
      paint: (number, image) => explorer.paint(small[number], shape, image),
      enlarge: (image) => explorer.paint(large, shape, image),
      describe: (words) => large.setAttribute("aria-label", words),
      save: (name) => explorer.save(large, name),
      say: (words, chosen) => {
        caption.textContent = words;
        buttons.forEach((button, number) =>
          button.setAttribute("aria-pressed", String(number === chosen)));
      },
    };
  };

  function pressable(picture, number, choose) {
    const button = element("button", {
      type: "button", className: "explorer__small", "aria-label": `picture ${number + 1}`,
    }, picture);
    button.addEventListener("click", () => choose(number));
    return button;
  }
})();
