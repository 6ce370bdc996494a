import selfsigned from "selfsigned";

const DAY_MS = 86_400_000;
const VALID_FOR_DAYS = 3650;

/** PEM texts of a new authority's certificate, and of a key and certificate for this machine's loopback that it signed. */
export async function makeCertificates(now: number) {
  const common = {
    algorithm: "sha256",
    keyType: "ec",
    notBeforeDate: new Date(now - DAY_MS),
    notAfterDate: new Date(now + VALID_FOR_DAYS * DAY_MS),
  } as const;
  const ca = await selfsigned.generate([{ name: "commonName", value: "Outerloop local authority" }], {
    ...common,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await selfsigned.generate([{ name: "commonName", value: "localhost" }], {
    ...common,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
          { type: 7, ip: "::1" },
        ],
      },
    ],
  });
  return { ca: `${ca.cert.trim()}\n`, key: `${server.private.trim()}\n`, cert: `${server.cert.trim()}\n` };
}
