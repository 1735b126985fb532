// The explorer: images of a seed, moved along the generator's principal directions, or of pictures.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const { element } = explorer;
  const IMAGES = 12;

  // Shows an explorer of a payload of gankit.report.explorer in an element. While images are
  // generated, the element has aria-busy="true".
  explorer.mount = (root, payload) => {
    const vectors = explorer.numbers(payload.directions);
    const sources = payload.source ? explorer.sourceImages(payload.source) : [];
    const images = payload.source ? sources.length : IMAGES;
    const draw = (seed) => explorer.latents(images, payload.latent, seed, payload.stream);
    const state = {
      seed: 0, chosen: 0, label: 0, offsets: [], noise: draw(0), stale: [], opened: {},
      codes: payload.codes.map(() => 0),
      conditions: payload.conditions.map(({ low, slider }) => slider?.start ?? low),
    };
    const change = (changes) => {
      Object.assign(state, changes);
      refresh();
    };
    const view = explorer.view(payload.shape, images, payload.source?.shape,
      (chosen) => change({ chosen }));
    const command = element("code");

    const schedule = explorer.inFrames(() => {
      if (state.stale.length) return generate(state.stale.shift());
      root.setAttribute("aria-busy", "false");
    });

    function* generate(number) {
      const normal = along(state.noise[number], vectors, state.offsets);
      const noise = Float32Array.from([...normal, ...columns(payload.codes, state.codes)]);
      const label = payload.classes ? state.label : state.conditions;
      const image = yield* explorer.generating(payload, noise, label, sources[number]);
      view.paint(number, image);
      if (number === state.chosen) view.enlarge(image);
    }

    // Generates every image again, the chosen one first.
    function redraw() {
      const numbers = [...state.noise.keys()].filter((number) => number !== state.chosen);
      state.stale = [state.chosen, ...numbers];
      root.setAttribute("aria-busy", "true");
      view.describe(imageName(payload, state) + offsetText(state));
      if (payload.source) view.source(sources[state.chosen]);
      schedule();
    }

    function refresh() {
      view.caption(imageName(payload, state), state.chosen);
      command.textContent = commandOf(payload, state);
      redraw();
    }

    const set = (name) => (number, value) =>
      change({ [name]: state[name].map((old, other) => (other === number ? value : old)) });
    const open = (source, name) => {
      sources[state.chosen] = source;
      change({ opened: { ...state.opened, [state.chosen]: name } });
    };
    const move = (offsets) => {
      state.offsets = offsets;
      redraw();
    };
    const { classes, codes, conditions, names, source, shares } = payload;
    const choose = (label) => change({ label });
    const parts = [
      explorer.actions({
        noise: takesNoise(payload),
        onSeed: (seed) => change({ seed, noise: draw(seed) }),
        onSave: () => view.save(fileName(payload, state)),
      }),
      ...(source ? [explorer.opener(source, open)] : []),
      ...(classes ? [explorer.choice("Class", names, choose)] : []),
      ...explorer.codes(codes, set("codes")),
      ...explorer.conditions(conditions, set("conditions")),
      ...(shares.length ? [explorer.directions(shares, payload.reach, move)] : []),
      ...(commandOf(payload, state) ? [note(payload, command)] : []),
    ];
    const controls = element("div", { className: "explorer__controls" }, ...parts);
    root.classList.add("explorer__root");
    root.replaceChildren(element("div", { className: "explorer__body" }, view.root, controls));
    refresh();
  };

  const takesNoise = ({ inputs }) => inputs.includes("noise");

  function note({ source, shares }, command) {
    const when = source ? "With the page's own pictures" : "With all directions at 0";
    const both = source && shares.length ? " and all directions at 0" : "";
    const end = source ? "these images, among others: " : "the same images: ";
    return element("p", { className: "explorer__note" },
      `${when}${both}, this command generates ${end}`, command);
  }

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

  // Returns what is chosen beside the seed: the class, the codes and the conditions, by name.
  function choices({ classes, names, codes, conditions }, state) {
    const named = (each, values) => each.map(({ name }, number) => [name, values[number]]);
    return [
      ...(classes ? [["class", names[state.label]]] : []),
      ...named(codes, state.codes), ...named(conditions, state.conditions),
    ];
  }

  function imageName(payload, state) {
    const image = takesNoise(payload) ? [`Seed ${state.seed}, image ${state.chosen + 1}`]
      : [`Image ${state.chosen + 1}`];
    const chosen = choices(payload, state).map(([name, value]) => `${name} ${value}`);
    const opened = state.opened[state.chosen];
    return [...image, ...chosen, ...(opened ? [`of ${opened}`] : [])].join(", ");
  }

  function offsetText({ offsets }) {
    const texts = offsets.map((offset, k) => `direction ${k + 1} by ${offset}`);
    const moved = texts.filter((_, k) => offsets[k]);
    return moved.length ? `, moved along ${moved.join(", ")}` : "";
  }

  // Returns the command that generates the images; nothing if none can.
  function commandOf(payload, { seed, label, codes, conditions }) {
    if (payload.source) {
      if (payload.classes || payload.codes.length || payload.conditions.length) return "";
      const network = payload.network ? ` --network ${payload.network}` : "";
      return `gankit translate ${payload.run}${network}${takesNoise(payload) ? ` --seed ${seed}` : ""}`;
    }
    const set = (option, each, values) =>
      each.map(({ name }, number) => ` ${option} ${quoted(`${name}=${values[number]}`)}`);
    return [
      `gankit sample ${payload.run} -n ${IMAGES} --seed ${seed}`,
      ...(payload.classes ? [` --class ${quoted(payload.names[label])}`] : []),
      ...set("--code", payload.codes, codes), ...set("--label", payload.conditions, conditions),
    ].join("");
  }

  // Returns a name quoted for a shell.
  function quoted(name) {
    return /^[\w.,:@%+=-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
  }

  function fileName(payload, state) {
    const seed = takesNoise(payload) ? [`seed-${state.seed}`] : [];
    const image = [payload.network, ...seed, `image-${state.chosen + 1}`].filter(Boolean);
    const chosen = choices({ ...payload, names: [...payload.names.keys()] }, state);
    const moved = state.offsets.some((offset) => offset) ? ["moved"] : [];
    return `${[...image, ...chosen.flat(), ...moved].join("-")}.png`;
  }
})();
