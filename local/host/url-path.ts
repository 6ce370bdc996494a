/**
 * One part of a URL's path as the real host's web server decodes it: all escapes but that of the slash.
 *
 * @throws {URIError} when an escape in it is broken
 * @see dotnet/aspnetcore issue 30655: Kestrel leaves %2F as it is
 */
export function decodePathPart(part: string): string {
  return part
    .split(/(%2f)/i)
    .map((piece) => (/^%2f$/i.test(piece) ? piece : decodeURIComponent(piece)))
    .join("");
}
