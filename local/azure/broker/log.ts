/** Where the broker says what it met; by default nowhere. */
export type Log = (level: "info" | "warn" | "error", message: string) => void;
