import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer, type Server, type Socket } from "node:net";

/** A TLS connection starts with a handshake record; no HTTP method starts with this byte. */
const TLS_HANDSHAKE = 0x16;
/** Clients keep connections open between polls; longer than the SDKs' own idle limit, so that they hang up first. */
const KEEP_ALIVE_MS = 65_000;

export interface Listener {
  readonly port: number;
  /** Takes no more connections; those that remain are cut off by `closeSockets`. */
  close(): Promise<void>;
  closeSockets(): void;
}

/**
 * One loopback port for plain HTTP and for TLS: the first byte of a connection tells which.
 *
 * @param port - 0 takes a free one
 * @throws the system's error, `EADDRINUSE` included
 */
export async function listen(
  port: number,
  tls: { key: string; cert: string },
  handle: (scheme: "http" | "https") => RequestListener,
): Promise<Listener> {
  const plain = createHttpServer({ keepAliveTimeout: KEEP_ALIVE_MS }, handle("http"));
  const secure = createHttpsServer({ ...tls, keepAliveTimeout: KEEP_ALIVE_MS }, handle("https"));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
    socket.once("readable", () => {
      const first: Buffer | null = socket.read(1);
      if (!first) return void socket.destroy();
      socket.unshift(first);
      (first[0] === TLS_HANDSHAKE ? secure : plain).emit("connection", socket);
    });
  });
  const bound = await bind(server, port);
  return {
    port: bound,
    close: () => new Promise((resolve) => server.close(() => resolve())),
    closeSockets: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function bind(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : port);
    });
  });
}
