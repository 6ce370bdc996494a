import { describe, expect, test } from "vitest";
import { parseTemplate, splitPath } from "../../../../local/host/http/template.ts";

const match = (template: string, path: string) => parseTemplate(template).match(splitPath(path) ?? []);

describe("a constraint", () => {
  test.each([
    { constraint: "int", yes: ["0", "-12", "2147483647"], no: ["1.5", "x", "2147483648"] },
    { constraint: "long", yes: ["9223372036854775807"], no: ["9223372036854775808"] },
    { constraint: "bool", yes: ["true", "FALSE"], no: ["1", "yes"] },
    { constraint: "datetime", yes: ["2026-01-31", "2026-01-31T10:00:00Z"], no: ["someday"] },
    { constraint: "decimal", yes: ["1.5", "-3"], no: ["1.5.5", "x", "1e3"] },
    { constraint: "double", yes: ["1.5e3"], no: ["x"] },
    { constraint: "float", yes: ["1"], no: ["one"] },
    {
      constraint: "guid",
      yes: ["7f9c2ba4-e88f-827d-6161-01c4d4a2b8a2", "(7f9c2ba4-e88f-827d-6161-01c4d4a2b8a2)"],
      no: ["7f9c2ba4", "7f9c2ba4-e88f-827d-6161-01c4d4a2b8a2)", "7f9c2ba4e88f-827d-6161-01c4d4a2b8a2"],
    },
    { constraint: "alpha", yes: ["abc"], no: ["a1"] },
    { constraint: "required", yes: ["a"], no: [] },
    { constraint: "min(5)", yes: ["5", "6"], no: ["4", "x"] },
    { constraint: "max(5)", yes: ["5"], no: ["6"] },
    { constraint: "range(2,4)", yes: ["2", "4"], no: ["1", "5"] },
    { constraint: "length(3)", yes: ["abc"], no: ["ab", "abcd"] },
    { constraint: "length(2,3)", yes: ["ab", "abc"], no: ["a", "abcd"] },
    { constraint: "minlength(2)", yes: ["ab"], no: ["a"] },
    { constraint: "maxlength(2)", yes: ["ab"], no: ["abc"] },
    { constraint: "regex(^v[[0-9]]+$)".replaceAll("[[", "[").replaceAll("]]", "]"), yes: ["v1"], no: ["x1"] },
    { constraint: "regex(^\\d{{2}}$)", yes: ["12"], no: ["123"] },
    { constraint: "int:min(1)", yes: ["1"], no: ["0", "x"] },
  ])("$constraint takes $yes and refuses $no", ({ constraint, yes, no }) => {
    for (const value of yes) expect(match(`a/{x:${constraint}}`, `/a/${value}`)).toEqual({ x: value });
    for (const value of no) expect(match(`a/{x:${constraint}}`, `/a/${value}`)).toBeUndefined();
  });
});

test.each([
  { template: "a/{x}", path: "/A/1", expected: { x: "1" } },
  // dotnet/aspnetcore issue 30655: the web server decodes every escape but that of the slash
  { template: "a/{x}", path: "/a/1%2f2%20%C3%A9", expected: { x: "1%2f2 é" } },
  { template: "a/{x}", path: "/a", expected: undefined },
  { template: "a/{x}", path: "/a/1/2", expected: undefined },
  { template: "a/{x?}", path: "/a", expected: {} },
  { template: "a/{x=7}", path: "/a", expected: { x: "7" } },
  { template: "a/{*x}", path: "/a/b/c", expected: { x: "b/c" } },
  { template: "a/{*x}", path: "/a", expected: {} },
  { template: "{a}-{b}/c", path: "/1-2/c", expected: { a: "1", b: "2" } },
  { template: "v{x:int}", path: "/v12", expected: { x: "12" } },
  { template: "a.b", path: "/aXb", expected: undefined },
  { template: "", path: "/", expected: {} },
])("'$template' reads $path as $expected", ({ template, path, expected }) => {
  expect(match(template, path)).toEqual(expected);
});

test.each(["a//b", "a/{x", "{*x}/a", "{x:nope}", "{x:min(a)}", "{x:regex(()}", "{ }"])(
  "'%s' is refused",
  (template) => {
    expect(() => parseTemplate(template)).toThrow(/route/);
  },
);
