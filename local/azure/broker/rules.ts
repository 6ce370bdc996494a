/** Which messages of a topic a subscription gets: true, correlation and simple SQL filters. */
import rhea from "rhea";
import { SECTION, splitSections } from "./amqp-bytes.ts";
import { BrokerConfigError, type CorrelationFilter, type RuleConfig } from "./config.ts";

/** What filters look at: system properties by their `sys.` name, and the sender's application properties. */
export interface FilterView {
  readonly system: Readonly<Record<string, unknown>>;
  readonly user: Readonly<Record<string, unknown>>;
}

export type Filter = (view: FilterView) => boolean;

export function filterView(raw: Buffer): FilterView {
  const known = splitSections(raw).filter(
    ({ code }) => code === SECTION.properties || code === SECTION.applicationProperties,
  );
  const message = rhea.message.decode(Buffer.concat(known.map((section) => section.bytes)));
  return {
    user: message.application_properties ?? {},
    system: {
      contenttype: message.content_type,
      correlationid: message.correlation_id,
      label: message.subject,
      messageid: message.message_id,
      replyto: message.reply_to,
      replytosessionid: message.reply_to_group_id,
      sessionid: message.group_id,
      to: message.to,
    },
  };
}

/** @throws {BrokerConfigError} when an SQL expression goes beyond comparisons joined by AND */
export function compileRules(rules: readonly RuleConfig[]): Filter {
  if (rules.length === 0) return () => true;
  const filters = rules.map(compileRule);
  return (view) => filters.some((matches) => matches(view));
}

function compileRule(rule: RuleConfig): Filter {
  switch (rule.properties.FilterType) {
    case "True":
      return () => true;
    case "Correlation":
      return compileCorrelation(rule.properties.CorrelationFilter);
    case "Sql":
      return compileSql(rule.name, rule.properties.SqlFilter.SqlExpression);
  }
}

function compileCorrelation(filter: CorrelationFilter): Filter {
  const { Properties, ...system } = filter;
  return (view) =>
    Object.entries(system).every(
      ([name, value]) => value === undefined || view.system[name.toLowerCase()] === value,
    ) && Object.entries(Properties).every(([name, value]) => isSame(view.user[name], value));
}

const CONDITION = new RegExp(
  String.raw`^(?:(?<scope>sys|user)\.)?(?<name>[A-Za-z_][\w-]*|\[[^\]]+\])\s*(?<operator>=|<>|!=|<=|>=|<|>)\s*` +
    String.raw`(?<value>'(?:[^']|'')*'|-?\d+(?:\.\d+)?|true|false)$`,
  "i",
);
/** AND outside of quotes: an even number of them follows. */
const AND = /\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)/i;
const ALWAYS = /^1\s*=\s*1$/;
const NEVER = /^1\s*=\s*0$/;

function compileSql(rule: string, expression: string): Filter {
  const filters = expression
    .trim()
    .split(AND)
    .map((condition) => compileCondition(rule, expression, condition.trim()));
  return (view) => filters.every((matches) => matches(view));
}

function compileCondition(rule: string, expression: string, condition: string): Filter {
  if (ALWAYS.test(condition)) return () => true;
  if (NEVER.test(condition)) return () => false;
  const parts = CONDITION.exec(condition)?.groups;
  const { scope, name, operator, value } = parts ?? {};
  if (name === undefined || operator === undefined || value === undefined) {
    throw new BrokerConfigError(
      `Rule '${rule}' has the expression '${expression}': '${condition}' is beyond this broker, ` +
        "expected comparisons (= <> < <= > >=) of a property with a literal, joined by AND.",
      { rule, expression },
    );
  }
  const property = name.replaceAll(/^\[|\]$/g, "");
  const literal = parseLiteral(value);
  const compare = COMPARISONS[operator] ?? isSame;
  return (view) => {
    const found = scope?.toLowerCase() === "sys" ? view.system[property.toLowerCase()] : view.user[property];
    return found !== undefined && found !== null && compare(found, literal);
  };
}

type Literal = string | number | boolean;

function parseLiteral(text: string): Literal {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  if (/^(?:true|false)$/i.test(text)) return text.toLowerCase() === "true";
  return Number(text);
}

const COMPARISONS: Readonly<Record<string, (found: unknown, literal: Literal) => boolean>> = {
  "=": isSame,
  "<>": (found, literal) => !isSame(found, literal),
  "!=": (found, literal) => !isSame(found, literal),
  "<": (found, literal) => typeof found === typeof literal && Number(found) < Number(literal),
  "<=": (found, literal) => typeof found === typeof literal && Number(found) <= Number(literal),
  ">": (found, literal) => typeof found === typeof literal && Number(found) > Number(literal),
  ">=": (found, literal) => typeof found === typeof literal && Number(found) >= Number(literal),
};

function isSame(found: unknown, literal: Literal): boolean {
  return found === literal;
}
