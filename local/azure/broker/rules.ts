/** Which messages of a topic a rule lets through: true, correlation and SQL filters. */
import rhea from "rhea";
import { SECTION, splitSections } from "./amqp-bytes.ts";
import type { CorrelationFilter, RuleConfig } from "./config.ts";
import { compileSql } from "./sql-filter.ts";

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

/** @throws {SqlSyntaxError} when an SQL expression cannot be evaluated here */
export function compileRule({ properties }: RuleConfig): Filter {
  switch (properties.FilterType) {
    case "True":
      return () => true;
    case "Correlation":
      return compileCorrelation(properties.CorrelationFilter);
    case "Sql":
      return compileSql(properties.SqlFilter.SqlExpression);
  }
}

function compileCorrelation(filter: CorrelationFilter): Filter {
  const { Properties, ...system } = filter;
  return (view) =>
    Object.entries(system).every(
      ([name, value]) => value === undefined || view.system[name.toLowerCase()] === value,
    ) && Object.entries(Properties).every(([name, value]) => view.user[name] === value);
}
