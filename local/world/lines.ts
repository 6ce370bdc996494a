/** What is printed for people is no wider than this. */
const WIDTH = 110;
const LABEL = 18;

/** Parts beside a label, as many on a line as fit. */
export function wrapped(label: string, parts: readonly string[]): string[] {
  const lines: string[] = [];
  let line = `  ${label.padEnd(LABEL)}`;
  for (const part of parts) {
    const isFirst = line.length === LABEL + 2;
    if (!isFirst && line.length + part.length + 2 > WIDTH) {
      lines.push(line);
      line = " ".repeat(LABEL + 2);
    }
    line += line.length === LABEL + 2 ? part : `, ${part}`;
  }
  return [...lines, line];
}
