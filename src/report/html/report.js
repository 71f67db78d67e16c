(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("script");

  // theme: for this view of the page only
  var themes = document.querySelectorAll("[data-set-theme]");
  themes.forEach(function (button) {
    button.addEventListener("click", function () {
      var theme = button.getAttribute("data-set-theme");
      if (theme === "auto") root.removeAttribute("data-theme");
      else root.setAttribute("data-theme", theme);
      themes.forEach(function (b) { b.setAttribute("aria-pressed", b === button ? "true" : "false"); });
    });
  });

  // what is long is folded at first; without script it is open
  document.querySelectorAll("details[data-fold]").forEach(function (d) { d.open = false; });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (d) { d.open = true; });
  });

  // copying: the text is on the page already
  function select(node) {
    var range = document.createRange();
    range.selectNodeContents(node);
    var selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }
  document.querySelectorAll("[data-copy]").forEach(function (button) {
    button.addEventListener("click", function () {
      var node = document.getElementById(button.getAttribute("data-copy"));
      var said = button.textContent;
      function done(word) {
        button.textContent = word;
        window.setTimeout(function () { button.textContent = said; }, 1500);
      }
      if (navigator.clipboard && window.isSecureContext)
        navigator.clipboard.writeText(node.textContent).then(function () { done("copied"); },
          function () { select(node); done("selected"); });
      else { select(node); done("selected"); }
    });
  });

  // the table of endpoints
  var table = document.getElementById("endpoints-table");
  if (!table) return;
  var body = table.tBodies[0];
  var rows = Array.prototype.slice.call(body.rows);
  var text = document.getElementById("find-text");
  var state = document.getElementById("find-state");
  var finding = document.getElementById("find-finding");
  var count = document.getElementById("find-count");

  function filter(tell) {
    var wanted = text.value.toLowerCase(), shown = 0;
    rows.forEach(function (row) {
      var fits = (!wanted || row.textContent.toLowerCase().indexOf(wanted) >= 0) &&
        (!state.value || row.getAttribute("data-state") === state.value) &&
        (!finding.value || row.getAttribute("data-finding") === finding.value);
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    });
    if (tell) count.textContent = shown + " of " + rows.length + " shown";
    var parts = [];
    if (text.value) parts.push("f=" + encodeURIComponent(text.value));
    if (state.value) parts.push("s=" + encodeURIComponent(state.value));
    if (finding.value) parts.push("i=" + encodeURIComponent(finding.value));
    if (tell) history.replaceState(null, "", parts.length ? "#" + parts.join("&") : "#endpoints");
  }
  [text, state, finding].forEach(function (control) {
    control.addEventListener("input", function () { filter(true); });
  });
  var from = location.hash.slice(1).split("&");
  from.forEach(function (part) {
    var value = decodeURIComponent(part.slice(2));
    if (part.indexOf("f=") === 0) text.value = value;
    if (part.indexOf("s=") === 0) state.value = value;
    if (part.indexOf("i=") === 0) finding.value = value;
  });
  if (/^[fsi]=/.test(location.hash.slice(1))) filter(true);

  function key(row, column) {
    var cell = row.cells[column];
    return cell.getAttribute("data-sort") || cell.textContent;
  }
  table.querySelectorAll("th button").forEach(function (button) {
    button.addEventListener("click", function () {
      var th = button.parentNode, column = th.cellIndex;
      var down = th.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th").forEach(function (other) { other.removeAttribute("aria-sort"); });
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort(function (a, b) {
        return key(a, column).localeCompare(key(b, column), undefined, { numeric: true }) * (down ? -1 : 1);
      });
      rows.forEach(function (row) { body.appendChild(row); });
    });
  });
})();
