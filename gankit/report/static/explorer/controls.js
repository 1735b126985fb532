// The controls: seed, class, codes and directions.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const { element } = explorer;
  const STEP = 0.1;
  const MOST_CHIPS = 20; // More classes are shown as a list instead of buttons.
  let count = 0;

  const unique = (name) => `explorer-${name}-${++count}`;

  // Returns the buttons, and the seed field if there is noise; calls `onSeed` with a seed, and
  // `onSave`.
  explorer.actions = ({ noise, onSeed, onSave }) => {
    const save = button("Save PNG", onSave);
    if (!noise) return element("div", { className: "explorer__actions" }, save);
    const seed = element("input", {
      type: "number", min: 0, max: Number.MAX_SAFE_INTEGER, step: 1, value: 0,
      className: "explorer__input",
    });
    seed.addEventListener("input", () => {
      const value = seed.valueAsNumber;
      const valid = Number.isSafeInteger(value) && value >= 0;
      seed.setAttribute("aria-invalid", String(!valid));
      if (valid) onSeed(value);
    });
    const next = button("New", () => {
      const value = seed.valueAsNumber + 1;
      seed.value = Number.isSafeInteger(value) ? value : 0;
      seed.dispatchEvent(new Event("input"));
    });
    next.classList.add("explorer__main");
    const field = element("label", { className: "explorer__line" }, "Seed ", seed);
    return element("div", { className: "explorer__actions" }, next, field, save);
  };

  // Returns a field to choose one of some names; calls `onChoose` with its number.
  explorer.choice = (title, names, onChoose) =>
    (names.length > MOST_CHIPS ? list : chips)(title, names, onChoose);

  // Returns a field for each code: categories to choose from, or a slider; calls `onCode` with the
  // number of the code and its value.
  explorer.codes = (codes, onCode) => codes.map(({ name, kind, size, reach }, number) => {
    const set = (value) => onCode(number, value);
    if (kind === "categorical") {
      const categories = Array.from({ length: size }, (_, category) => String(category));
      return explorer.choice(name, categories, set);
    }
    const { row } = slider({ name, title: `code ${name}` }, around(reach), set);
    return element("div", { className: "explorer__field" }, row);
  });

  // Returns a field for each condition: 0 or 1 to choose from, or a slider; calls `onCondition` with
  // the number of the condition and its value. One with a single value has none.
  explorer.conditions = (conditions, onCondition) =>
    conditions.flatMap(({ name, binary, slider: scale }, number) => {
      const set = (value) => onCondition(number, value);
      if (binary) return explorer.choice(name, ["0", "1"], set);
      if (!scale) return [];
      const text = (value) => value.toFixed(scale.digits).replace("-", "\u2212");
      const { row } = slider({ name, title: name }, { ...scale, text }, set);
      return element("div", { className: "explorer__field" }, row);
    });

  function chips(title, names, onChoose) {
    const group = unique("class");
    const options = names.map((name, number) => {
      const radio = element("input", {
        type: "radio", name: group, value: number, checked: number === 0,
      });
      radio.addEventListener("change", () => onChoose(number));
      return element("label", { className: "explorer__chip" }, radio, element("span", {}, name));
    });
    return element("fieldset", { className: "explorer__field" }, element("legend", {}, title),
      element("div", { className: "explorer__chips" }, ...options));
  }

  function list(title, names, onChoose) {
    const options = names.map((name, number) => element("option", { value: number }, name));
    const select = element("select", { className: "explorer__input" }, ...options);
    select.addEventListener("change", () => onChoose(Number(select.value)));
    const label = element("label", { className: "explorer__line" }, `${title} `, select);
    return element("div", { className: "explorer__field" }, label);
  }

  // Returns a slider for each direction; calls `onMove` with the values of all of them.
  explorer.directions = (shares, reach, onMove) => {
    const values = shares.map(() => 0);
    const told = (share, k) => ({
      name: `Direction ${k + 1}`, title: `direction ${k + 1}`, share: percent(share),
    });
    const sliders = shares.map((share, k) => slider(told(share, k), around(reach), (value) => {
      values[k] = value;
      resetAll.disabled = values.every((each) => each === 0);
      onMove([...values]);
    }));
    const resetAll = button("Reset", () => {
      sliders.forEach(({ reset }) => reset());
      sliders[0].range.focus(); // The button is disabled now, and a disabled button has no focus.
    });
    resetAll.disabled = true;
    return element("fieldset", { className: "explorer__field" },
      element("legend", {}, "Directions"),
      element("p", { className: "explorer__note" },
        "The directions along which the images change most, with their share of the total change."),
      ...sliders.map(({ row }) => row), resetAll);
  };

  // Returns the scale of a slider from -reach to reach.
  const around = (reach) => ({
    low: -reach, high: reach, step: STEP, start: 0, digits: 1, text: signed,
  });

  function slider({ name, title, share = "" }, { low, high, step, start, digits, text }, onMove) {
    const id = unique("slider");
    const range = element("input", {
      id, type: "range", min: low, max: high, step, value: start, className: "explorer__range",
    });
    const value = element("output", { className: "explorer__value", htmlFor: id }, text(start));
    const back = element("button", {
      type: "button", className: "explorer__back", title: `reset to ${start}`, disabled: true,
      "aria-label": `reset ${title} to ${start}`,
    }, "\u21ba");
    const set = () => {
      const now = Number(range.valueAsNumber.toFixed(digits));
      value.textContent = text(now);
      back.disabled = now === start;
      fill(range, (now - (low + high) / 2) / (high - low));
      onMove(now);
    };
    const reset = () => {
      range.value = start;
      set();
    };
    range.addEventListener("input", set);
    back.addEventListener("click", () => {
      reset();
      range.focus();
    });
    const label = element("label", { className: "explorer__name", htmlFor: id },
      `${name} `, element("span", { className: "explorer__share" }, share));
    const row = element("div", { className: "explorer__slider" }, label, range, value, back);
    return { row, range, reset };
  }

  const percent = (share) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
  const sign = (value) => (value > 0 ? "+" : value < 0 ? "\u2212" : "");
  const signed = (value) => sign(value) + Math.abs(value).toFixed(1);

  // Fills a slider's track from its middle to the thumb; `share` is in [-1/2, 1/2].
  function fill(range, share) {
    const length = Math.abs(share);
    const start = Math.min(0.5, 0.5 + share);
    // In CSS, a background position of 0% or 100% aligns the edges of background and track.
    range.style.setProperty("--from", `${(start / (1 - length)) * 100}%`);
    range.style.setProperty("--length", `${length * 100}%`);
  }

  function button(text, onClick) {
    const made = element("button", { type: "button", className: "explorer__button" }, text);
    made.addEventListener("click", onClick);
    return made;
  }
})();
