import { readFileSync } from "node:fs";
import path from "node:path";
import type { ValidateFunction } from "ajv";
import AjvDraft04 from "ajv-draft-04";
import addFormats from "ajv-formats";

type Json = null | boolean | number | string | Json[] | JsonObject;
interface JsonObject {
  [name: string]: Json;
}

interface Exchange {
  readonly method: string;
  /** Path without query. */
  readonly path: string;
  readonly requestBody?: unknown;
  readonly status: number;
  readonly responseBody?: unknown;
  /** Given: each header that is described for the status must be there. Lower-case names. */
  readonly responseHeaders?: Readonly<Record<string, string>>;
}

export interface Validator {
  /** What the official description finds wrong with an exchange; empty when nothing is. */
  problems(exchange: Exchange): string[];
}

const FOLDER = "machinelearningservices/resource-manager/Microsoft.MachineLearningServices/stable";
/** The files of each version that are kept here. */
const FILES = {
  "2022-10-01": ["mfe.json", "machineLearningServices.json"],
  "2024-04-01": ["mfe.json", "registries.json"],
} as const;
export type ApiVersion = keyof typeof FILES;
const DEFINITIONS = "definitions";
const FORMATS = ["arm-id", "int32", "int64", "float", "double", "duration", "password", "byte"];

/** Reads the description of Azure Machine Learning; half a second, so once per file of tests. */
export function loadValidator(version: ApiVersion = "2022-10-01"): Validator {
  const ajv = new AjvDraft04.default({ strict: false, allErrors: true, schemaId: "id", inlineRefs: false, code: { optimize: false } });
  addFormats.default(ajv);
  for (const format of FORMATS) ajv.addFormat(format, true);
  const documents = new Documents(path.join(import.meta.dirname, `machinelearning-${version}/specification`));
  const operations = FILES[version].flatMap((name) => {
    const file = path.join(FOLDER, version, name);
    return readOperations(documents.load(file), file);
  });
  const schemas = new Schemas(documents);
  // Under one id, so that what several operations refer to is compiled once.
  ajv.addSchema({ id: DEFINITIONS, definitions: schemas.convertAll() });
  const compiled = new Map<string, ValidateFunction>();

  function check(what: string, key: string, schema: Json | undefined, file: string, value: unknown): string[] {
    if (schema === undefined) return value === undefined ? [] : [`${what}: a body where none is described`];
    let validate = compiled.get(key);
    if (!validate) {
      validate = ajv.compile(asObject(schemas.convert(schema, file)));
      compiled.set(key, validate);
    }
    if (validate(value)) return [];
    return (validate.errors ?? []).map((error) => `${what}${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
  }

  return {
    problems({ method, path: requested, requestBody, status, responseBody, responseHeaders }) {
      const found = operations.find((one) => one.method === method && one.pattern.test(requested));
      if (!found) return [`${method} ${requested} is not described`];
      const key = `${method} ${found.template}`;
      const response = found.responses[String(status)] ?? (status >= 400 ? found.responses.default : undefined);
      if (response === undefined) return [`${key}: status ${status} is not described`];
      const { schema, headers } = asObject(response);
      const missing = Object.keys(responseHeaders ? asObject(headers ?? {}) : {}).filter(
        (name) => responseHeaders?.[name.toLowerCase()] === undefined,
      );
      return [
        ...(status < 400 ? check(`${key} request`, `${key} request`, found.body, found.file, requestBody) : []),
        ...missing.map((name) => `${key} ${status}: header ${name} is missing`),
        ...check(`${key} ${status}`, `${key} ${status}`, schema, found.file, responseBody),
      ];
    },
  };
}

class Documents {
  readonly #root: string;
  readonly #loaded = new Map<string, JsonObject>();

  constructor(root: string) {
    this.#root = root;
  }

  load(file: string): JsonObject {
    const known = this.#loaded.get(file);
    if (known) return known;
    const document: JsonObject = JSON.parse(readFileSync(path.join(this.#root, file), "utf8"));
    this.#loaded.set(file, document);
    return document;
  }

  definition({ file, name }: Place): JsonObject {
    return asObject(asObject(this.load(file).definitions)[name]);
  }

  get files(): string[] {
    return [...this.#loaded.keys()];
  }
}

interface Place {
  readonly file: string;
  readonly name: string;
}

const keyOf = ({ file, name }: Place): string => `${file}#${name}`.replaceAll("/", ".").replaceAll("#", "__");

function placeOf(reference: string, from: string): Place {
  const [relative = "", pointer = ""] = reference.split("#");
  const file = relative === "" ? from : path.join(path.dirname(from), relative);
  return { file, name: pointer.slice(pointer.lastIndexOf("/") + 1) };
}

/** Turns Swagger 2.0 schemas into draft-04 schemas that mean the same. */
class Schemas {
  readonly #documents: Documents;
  readonly #converted = new Map<string, Json>();

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  convert(schema: Json, file: string): Json {
    if (Array.isArray(schema)) return schema.map((part) => this.convert(part, file));
    if (schema === null || typeof schema !== "object") return schema;
    if (typeof schema.$ref === "string") return this.#refer(schema, file);
    const kept = Object.entries(schema).filter(
      ([name]) => !["discriminator", "readOnly", "example", "default"].includes(name) && !name.startsWith("x-"),
    );
    const properties = schema.properties;
    const converted: JsonObject = Object.fromEntries(
      kept.map(([name, value]) => [name, name === "properties" ? value : this.convert(value, file)]),
    );
    if (properties !== undefined) {
      converted.properties = Object.fromEntries(
        Object.entries(asObject(properties)).map(([name, value]) => [name, this.convert(value, file)]),
      );
    }
    return schema["x-nullable"] === true ? nullable(converted) : converted;
  }

  /** Every definition of the files, and those that they lead to, by the name that references use. */
  convertAll(): JsonObject {
    // Converting one file may load another.
    for (let at = 0; at < this.#documents.files.length; at++) {
      const file = this.#documents.files[at] ?? "";
      for (const name of Object.keys(asObject(this.#documents.load(file).definitions ?? {}))) {
        this.#refer({ $ref: `#/definitions/${name}` }, file);
      }
    }
    return Object.fromEntries(this.#converted);
  }

  #refer(schema: JsonObject, file: string): Json {
    const place = placeOf(String(schema.$ref), file);
    const key = keyOf(place);
    if (!this.#converted.has(key)) {
      this.#converted.set(key, {});
      this.#converted.set(key, this.#define(place));
    }
    const reference = { $ref: `${DEFINITIONS}#/definitions/${key}` };
    return schema["x-nullable"] === true ? { anyOf: [reference, { type: "null" }] } : reference;
  }

  /** A definition with a discriminator becomes one branch per descendant, and one for values nobody knows. */
  #define(place: Place): Json {
    const merged = this.#merge(place);
    const discriminator = this.#documents.definition(place).discriminator;
    if (typeof discriminator !== "string") return merged;
    const descendants = this.#descendants(place);
    if (descendants.length === 0) return merged;
    const values = descendants.map((descendant) => this.#discriminatorValue(descendant));
    const branches = descendants.map((descendant, index) =>
      withProperty(this.#merge(descendant), discriminator, { enum: [values[index] ?? ""] }),
    );
    return { anyOf: [...branches, withProperty(merged, discriminator, { not: { enum: values } })] };
  }

  #merge(place: Place): JsonObject {
    const own = this.#documents.definition(place);
    const parents = asArray(own.allOf).map((parent) => this.#merge(placeOf(String(asObject(parent).$ref), place.file)));
    const rest = asObject(this.convert(Object.fromEntries(Object.entries(own).filter(([name]) => name !== "allOf")), place.file));
    const all = [...parents, rest];
    const required = all.flatMap((part) => asArray(part.required));
    const properties = Object.assign({}, ...all.map((part) => part.properties ?? {}));
    const hasMembers = all.some((part) => part.properties !== undefined);
    return {
      ...rest,
      ...(hasMembers && { properties }),
      ...(required.length > 0 && { required: [...new Set(required)] }),
    };
  }

  #descendants(place: Place): Place[] {
    return this.#documents.files.flatMap((file) =>
      Object.entries(asObject(this.#documents.load(file).definitions ?? {}))
        .filter(([, definition]) =>
          asArray(asObject(definition).allOf).some(
            (parent) => keyOf(placeOf(String(asObject(parent).$ref), file)) === keyOf(place),
          ),
        )
        .flatMap(([name]) => [{ file, name }, ...this.#descendants({ file, name })]),
    );
  }

  #discriminatorValue(place: Place): string {
    return String(this.#documents.definition(place)["x-ms-discriminator-value"] ?? place.name);
  }
}

function readOperations(document: JsonObject, file: string) {
  return Object.entries(asObject(document.paths)).flatMap(([template, methods]) =>
    Object.entries(asObject(methods)).map(([method, operation]) => {
      const { parameters, responses } = asObject(operation);
      const own = (parameter: Json) => parameterOf(asObject(parameter), document);
      const body = asArray(parameters).map(own).find((parameter) => parameter.in === "body")?.schema;
      const pattern = new RegExp(`^${template.replace(/\{[^}]+\}/g, "[^/]+")}$`, "i");
      return { method: method.toUpperCase(), template, pattern, body, responses: asObject(responses), file };
    }),
  );
}

/** A body is described in place, or once for several operations of the same file. */
function parameterOf(parameter: JsonObject, document: JsonObject): JsonObject {
  const name = /^#\/parameters\/(.+)$/.exec(String(parameter.$ref))?.[1];
  return name === undefined ? parameter : asObject(asObject(document.parameters)[name]);
}

function withProperty(schema: JsonObject, name: string, more: JsonObject): JsonObject {
  return { ...schema, properties: { ...asObject(schema.properties ?? {}), [name]: more } };
}

function nullable(schema: JsonObject): JsonObject {
  const withNull = schema.enum === undefined ? {} : { enum: [...asArray(schema.enum), null] };
  return schema.type === undefined ? schema : { ...schema, ...withNull, type: [schema.type, "null"] };
}

function asObject(value: Json | undefined): JsonObject {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new TypeError(`The description has ${JSON.stringify(value)} where an object is expected.`);
  }
  return value;
}

function asArray(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}
