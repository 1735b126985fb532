// The explorer: pictures of a seed, moved along the generator's principal directions.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const { element } = explorer;
  const PICTURES = 12;

  // Puts an explorer of the payload, which gankit.report.explorer made, into an element. While
  // pictures are being made the element is marked as busy.
  explorer.mount = (root, payload) => {
    const vectors = explorer.numbers(payload.directions);
    const draw = (seed) => explorer.latents(PICTURES, payload.latent, seed, payload.stream);
    const state = { seed: 0, chosen: 0, label: 0, offsets: [], noise: draw(0), stale: [] };
    const change = (changes) => {
      Object.assign(state, changes);
      refresh();
    };
    const view = explorer.view(payload.shape, PICTURES, (chosen) => change({ chosen }));
    const command = element("code");

    const ask = explorer.inFrames(() => {
      if (state.stale.length) return picture(state.stale.shift());
      root.setAttribute("aria-busy", "false");
    });

    function* picture(number) {
      const noise = along(state.noise[number], vectors, state.offsets);
      const image = yield* explorer.generating(payload, noise, state.label);
      view.paint(number, image);
      if (number === state.chosen) view.enlarge(image);
    }

    // Makes every picture anew, the chosen one first.
    function redraw() {
      const numbers = [...state.noise.keys()].filter((number) => number !== state.chosen);
      state.stale = [state.chosen, ...numbers];
      root.setAttribute("aria-busy", "true");
      view.describe(named(payload, state) + moved(state));
      ask();
    }

    function refresh() {
      view.say(named(payload, state), state.chosen);
      command.textContent = sampled(payload, state);
      redraw();
    }

    const directions = (offsets) => {
      state.offsets = offsets;
      redraw();
    };
    const parts = [
      explorer.actions({
        seeded: (seed) => change({ seed, noise: draw(seed) }),
        saved: () => view.save(filed(payload, state)),
      }),
      explorer.directions(payload.shares, payload.reach, directions),
      element("p", { className: "explorer__note" },
        "With every direction at 0, the pictures are those of ", command),
    ];
    if (payload.classes) {
      parts.splice(1, 0, explorer.classes(payload.names, (label) => change({ label })));
    }
    const controls = element("div", { className: "explorer__controls" }, ...parts);
    root.classList.add("explorer__root");
    root.replaceChildren(element("div", { className: "explorer__body" }, view.root, controls));
    refresh();
  };

  // Returns the noise with each direction's offset added.
  function along(noise, vectors, offsets) {
    const latent = noise.length;
    return noise.map((value, i) =>
      offsets.reduce((sum, offset, k) => sum + offset * vectors[k * latent + i], value));
  }

  function named({ classes, names }, { seed, chosen, label }) {
    return `Seed ${seed}, picture ${chosen + 1}${classes ? `, class ${names[label]}` : ""}`;
  }

  function moved({ offsets }) {
    const said = offsets.map((offset, k) => `direction ${k + 1} by ${offset}`);
    const those = said.filter((_, k) => offsets[k]);
    return those.length ? `, moved along ${those.join(", ")}` : "";
  }

  function sampled({ classes, names }, { seed, label }) {
    const said = classes ? ` --class ${quoted(names[label])}` : "";
    return `gankit sample RUN -n ${PICTURES} --seed ${seed}${said}`;
  }

  // Returns a name as a shell takes it for one word.
  function quoted(name) {
    return /^[\w.,:@%+-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
  }

  function filed({ classes }, { seed, chosen, label, offsets }) {
    const end = offsets.some((offset) => offset) ? "-moved" : "";
    return `seed-${seed}-picture-${chosen + 1}${classes ? `-class-${label}` : ""}${end}.png`;
  }
})();
