import type { TypedDocumentString } from "./generated/graphql";

type Answer<Data> = { data?: Data | null; errors?: { message: string; extensions: { code: string; field?: string[] } }[] };

/** An error outside `userErrors`, with its code from the closed list. */
export class TesseraError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly field: string[] = [],
  ) {
    super(message);
  }
}

/** Asks one company's API with an access token; what is asked and what comes back are typed by the document. */
export class Tessera {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  async ask<Data, Variables>(document: TypedDocumentString<Data, Variables>, variables: Variables): Promise<Data> {
    const response = await fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ query: document.toString(), variables }),
    });
    const answer = (await response.json()) as Answer<Data>;
    const first = answer.errors?.[0];
    if (first || !answer.data) throw new TesseraError(first?.message ?? "no data", first?.extensions.code ?? "INTERNAL", first?.extensions.field);
    return answer.data;
  }
}
