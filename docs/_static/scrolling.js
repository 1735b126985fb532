// Whatever must be scrolled sideways can be focused, and then scrolled by the arrow keys.
const mark = () => {
  for (const box of document.querySelectorAll(".highlight pre, .table-wrapper")) {
    if (box.scrollWidth <= box.clientWidth) {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
      continue;
    }
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", box.matches("pre") ? "code" : "table");
  }
};
addEventListener("load", mark);
addEventListener("resize", mark);
