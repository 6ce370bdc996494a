import { validationFailed } from "./refusal.ts";
import type { Comment, Issue } from "./shapes.ts";

/** The index is behind what was written, as at GitHub: who must not open twice asks the list of issues instead. */
export const SEARCH_LAG_MS = 2_000;

/** An issue with what a search looks through. */
export interface Found {
  readonly repository: string;
  readonly issue: Issue;
  readonly comments: readonly Comment[];
}

type Test = (found: Found) => boolean;

const TERM = /(-?)(?:([\w-]+):)?(?:"([^"]*)"|(\S+))/g;

/**
 * What `q` asks for: words and quoted phrases, all of them, and qualifiers.
 *
 * @throws {GitHubRefusal} 422 for a qualifier that is not simulated, by name
 */
export function readQuery(q: string): Test {
  const where: string[] = [];
  const tests: Test[] = [];
  const words: string[] = [];
  for (const [, minus, qualifier, quoted, bare] of q.matchAll(TERM)) {
    const value = (quoted ?? bare ?? "").toLowerCase();
    if (qualifier === "in") where.push(...value.split(","));
    else if (qualifier === undefined && !minus) words.push(value);
    else {
      const test =
        qualifier === undefined ? textTest(value, where) : qualifierTest(qualifier.toLowerCase(), value);
      tests.push(minus ? (found) => !test(found) : test);
    }
  }
  return (found) => words.every((word) => textTest(word, where)(found)) && tests.every((test) => test(found));
}

function textTest(words: string, where: readonly string[]): Test {
  const looks = where.length > 0 ? where : ["title", "body", "comments"];
  return ({ issue, comments }) => {
    const texts = [
      looks.includes("title") ? issue.title : "",
      looks.includes("body") ? (issue.body ?? "") : "",
      ...(looks.includes("comments") ? comments.map(({ body }) => body) : []),
    ];
    return texts.some((text) => text.toLowerCase().includes(words));
  };
}

function qualifierTest(name: string, value: string): Test {
  switch (`${name}:${value}`) {
    case "is:issue":
    case "type:issue":
      return () => true;
    case "is:open":
    case "state:open":
      return ({ issue }) => issue.state === "open";
    case "is:closed":
    case "state:closed":
      return ({ issue }) => issue.state === "closed";
  }
  if (name === "repo") return ({ repository }) => repository.toLowerCase() === value;
  if (name === "org" || name === "user")
    return ({ repository }) => repository.toLowerCase().startsWith(`${value}/`);
  if (name === "label") return ({ issue }) => issue.labels.some((label) => label.toLowerCase() === value);
  throw validationFailed({
    resource: "Search",
    code: "invalid",
    field: "q",
    value: `${name}:${value} is not simulated`,
  });
}
