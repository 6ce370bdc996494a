/** A refusal that a storage client can read: the HTTP status, the service's own error code, and a sentence. */
export class StorageError extends Error {
  override name = "StorageError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** For the parts of the REST API that are left out: said plainly, so that no caller mistakes it for an outage. */
export function notSimulated(what: string): StorageError {
  return new StorageError(501, "NotImplemented", `${what} is not simulated by the local storage service.`);
}

export function invalidInput(message: string): StorageError {
  return new StorageError(400, "InvalidInput", message);
}

export function invalidHeader(name: string, found: string, expected: string): StorageError {
  return new StorageError(
    400,
    "InvalidHeaderValue",
    `The header '${name}' has the value '${found}', expected ${expected}.`,
  );
}
