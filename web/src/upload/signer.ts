/** Leaves for parts, asked for together: parts that are ready at the same time are one request. */

import { api, take } from "@/api/client";
import type { Leave } from "./store";

interface Waiting {
  readonly number: number;
  readonly sha256: string;
  readonly resolve: (leave: Leave) => void;
  readonly reject: (error: unknown) => void;
}

const GATHER_MS = 15;

export class Signer {
  private readonly videoId: string;
  private waiting: Waiting[] = [];

  constructor(videoId: string) {
    this.videoId = videoId;
  }

  /** Leave to send one part. */
  leave(number: number, sha256: string): Promise<Leave> {
    return new Promise((resolve, reject) => {
      if (this.waiting.length === 0) setTimeout(() => void this.flush(), GATHER_MS);
      this.waiting.push({ number, sha256, resolve, reject });
    });
  }

  private async flush(): Promise<void> {
    const batch = this.waiting;
    this.waiting = [];
    try {
      const { parts } = await take(
        api.POST("/api/videos/{video_id}/upload/parts", {
          params: { path: { video_id: this.videoId } },
          body: { parts: batch.map(({ number, sha256 }) => ({ number, sha256 })) },
        }),
      );
      const leaves = new Map(parts.map((part) => [part.number, part]));
      for (const { number, resolve, reject } of batch) {
        const leave = leaves.get(number);
        if (leave) resolve(leave);
        else reject(new Error(`no leave for part ${number}`));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
