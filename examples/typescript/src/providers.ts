/** A front end's access to the AI Providers API: typed by the contract, patient with a server that is unwell. */
import createClient from "openapi-fetch";

import type { components, paths } from "../generated/providers";

export type Provider = components["schemas"]["codersdk.AIProvider"];
export type NewProvider = components["schemas"]["codersdk.CreateAIProviderRequest"];
type Refusal = components["schemas"]["codersdk.Response"];

export interface Options {
  baseUrl: string;
  token: string;
  headers?: Record<string, string>;
  /** Milliseconds in which an answer must come. */
  timeout?: number;
  /** How often a read is sent again when the server says that it is unavailable. */
  retries?: number;
}

/** The API said no: its status, its message, and what is wrong with which member. */
export class ProviderError extends Error {
  constructor(
    readonly status: number,
    readonly refusal: Refusal,
  ) {
    super(`${status}: ${refusal.message}`);
  }

  /** What is wrong with a member, as `base_url`. */
  problemOf(field: string): string | undefined {
    return this.refusal.validations?.find((validation) => validation.field === field)?.detail;
  }
}

/** No answer came in time. */
export class TooSlow extends Error {}

export class Providers {
  private readonly client;
  private readonly timeout: number;
  private readonly retries: number;

  constructor({ baseUrl, token, headers = {}, timeout = 10_000, retries = 2 }: Options) {
    this.client = createClient<paths>({ baseUrl, headers: { ...headers, "Coder-Session-Token": token } });
    this.timeout = timeout;
    this.retries = retries;
  }

  async list(): Promise<Provider[]> {
    return this.reading((signal) => this.client.GET("/api/v2/ai/providers", { signal }));
  }

  async get(idOrName: string): Promise<Provider> {
    return this.reading((signal) =>
      this.client.GET("/api/v2/ai/providers/{idOrName}", { params: { path: { idOrName } }, signal }),
    );
  }

  async create(provider: NewProvider): Promise<Provider> {
    return this.once((signal) => this.client.POST("/api/v2/ai/providers", { body: provider, signal }));
  }

  async setEnabled(idOrName: string, enabled: boolean): Promise<Provider> {
    return this.once((signal) =>
      this.client.PATCH("/api/v2/ai/providers/{idOrName}", { params: { path: { idOrName } }, body: { enabled }, signal }),
    );
  }

  async remove(idOrName: string): Promise<void> {
    await this.once((signal) =>
      this.client.DELETE("/api/v2/ai/providers/{idOrName}", { params: { path: { idOrName } }, signal }),
    );
  }

  /** Reads may be sent again; whatever changes something is sent once. */
  private async reading<T>(send: Send<T>): Promise<T> {
    for (let left = this.retries; ; left -= 1) {
      try {
        return await this.once(send);
      } catch (error) {
        if (!(error instanceof ProviderError && error.status === 503 && left > 0)) throw error;
      }
    }
  }

  private async once<T>(send: Send<T>): Promise<T> {
    const signal = AbortSignal.timeout(this.timeout);
    try {
      const { data, error, response } = await send(signal);
      if (!response.ok) throw new ProviderError(response.status, error ?? { message: response.statusText });
      return data as T; // absent with 204 alone, where T is nothing
    } catch (error) {
      if (signal.aborted) throw new TooSlow(`no answer within ${this.timeout} ms`);
      throw error;
    }
  }
}

type Send<T> = (signal: AbortSignal) => Promise<{ data?: T; error?: Refusal; response: Response }>;
