// A CSV's records in place: where each begins and ends, and on which line, as the service reads them.

// Yield {start, end, line, blank, open}; leading blank lines are left out. A quote opens at the start of a
// cell only; within quotes a line's end is text. `open` says that the text ended within quotes.
export function* records(text, separator) {
  let [at, line, begun] = [0, 1, false];
  while (at < text.length) {
    const [start, first] = [at, line];
    let [quoted, fresh, ended] = [false, true, false];
    while (at < text.length && !ended) {
      const sign = text[at++];
      const isEnd = sign === "\n" || sign === "\r";
      if (sign === "\r" && text[at] === "\n") at++;
      if (isEnd) line++;
      if (quoted) {
        if (sign !== '"') continue;
        if (text[at] === '"') at++;
        else quoted = false;
      } else if (isEnd) ended = true;
      else if (sign === separator) fresh = true;
      else {
        quoted = fresh && sign === '"';
        fresh = false;
      }
    }
    const blank = !text.slice(start, at).trim();
    begun ||= !blank;
    if (begun) yield { start, end: at, line: first, blank, open: quoted };
  }
}
