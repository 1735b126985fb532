// The explorer: images of a seed, moved along the generator's principal directions.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const { element } = explorer;
  const IMAGES = 12;

  // Shows an explorer of a payload of gankit.report.explorer in an element. While images are
  // generated, the element has aria-busy="true".
  explorer.mount = (root, payload) => {
    const vectors = explorer.numbers(payload.directions);
    const draw = (seed) => explorer.latents(IMAGES, payload.latent, seed, payload.stream);
    const state = {
      seed: 0, chosen: 0, label: 0, offsets: [], noise: draw(0), stale: [],
      codes: payload.codes.map(() => 0),
    };
    const change = (changes) => {
      Object.assign(state, changes);
      refresh();
    };
    const view = explorer.view(payload.shape, IMAGES, (chosen) => change({ chosen }));
    const command = element("code");

    const schedule = explorer.inFrames(() => {
      if (state.stale.length) return generate(state.stale.shift());
      root.setAttribute("aria-busy", "false");
    });

    function* generate(number) {
      const normal = along(state.noise[number], vectors, state.offsets);
      const noise = Float32Array.from([...normal, ...columns(payload.codes, state.codes)]);
      const image = yield* explorer.generating(payload, noise, state.label);
      view.paint(number, image);
      if (number === state.chosen) view.enlarge(image);
    }

    // Generates every image again, the chosen one first.
    function redraw() {
      const numbers = [...state.noise.keys()].filter((number) => number !== state.chosen);
      state.stale = [state.chosen, ...numbers];
      root.setAttribute("aria-busy", "true");
      view.describe(imageName(payload, state) + offsetText(state));
      schedule();
    }

    function refresh() {
      view.caption(imageName(payload, state), state.chosen);
      command.textContent = sampleCommand(payload, state);
      redraw();
    }

    const move = (offsets) => {
      state.offsets = offsets;
      redraw();
    };
    const parts = [
      explorer.actions({
        onSeed: (seed) => change({ seed, noise: draw(seed) }),
        onSave: () => view.save(fileName(payload, state)),
      }),
      explorer.directions(payload.shares, payload.reach, move),
      element("p", { className: "explorer__note" },
        "With all directions at 0, this command generates the same images: ", command),
    ];
    if (payload.classes) {
      const choose = (label) => change({ label });
      parts.splice(1, 0, explorer.choice("Class", payload.names, choose));
    }
    const setCode = (number, value) =>
      change({ codes: state.codes.map((old, other) => (other === number ? value : old)) });
    parts.splice(-2, 0, ...explorer.codes(payload.codes, setCode));
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

  // Returns the codes' columns of the noise, those of a category one-hot.
  function columns(codes, values) {
    return codes.flatMap(({ kind, size }, number) => Array.from({ length: size }, (_, column) =>
      kind === "categorical" ? Number(column === values[number]) : values[number]));
  }

  function imageName({ classes, names, codes }, { seed, chosen, label, codes: values }) {
    const chosenCodes = codes.map(({ name }, number) => `, ${name} ${values[number]}`).join("");
    const ofClass = classes ? `, class ${names[label]}` : "";
    return `Seed ${seed}, image ${chosen + 1}${ofClass}${chosenCodes}`;
  }

  function offsetText({ offsets }) {
    const texts = offsets.map((offset, k) => `direction ${k + 1} by ${offset}`);
    const moved = texts.filter((_, k) => offsets[k]);
    return moved.length ? `, moved along ${moved.join(", ")}` : "";
  }

  function sampleCommand({ classes, names, codes }, { seed, label, codes: values }) {
    const option = classes ? ` --class ${quoted(names[label])}` : "";
    const chosen = codes.map(({ name }, number) => ` --code ${name}=${values[number]}`).join("");
    return `gankit sample RUN -n ${IMAGES} --seed ${seed}${option}${chosen}`;
  }

  // Returns a name quoted for a shell.
  function quoted(name) {
    return /^[\w.,:@%+-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
  }

  function fileName({ classes, codes }, { seed, chosen, label, offsets, codes: values }) {
    const end = offsets.some((offset) => offset) ? "-moved" : "";
    const ofCodes = codes.map(({ name }, number) => `-${name}-${values[number]}`).join("");
    const ofClass = classes ? `-class-${label}` : "";
    return `seed-${seed}-image-${chosen + 1}${ofClass}${ofCodes}${end}.png`;
  }
})();
