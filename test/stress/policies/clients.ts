/** The clients of a scenario: one function per kind, which runs all lanes. */
import type { TLSSocket } from 'node:tls'
import { Controls } from './controlled.js'
import { runHandmade } from './handmade-client.js'
import { runHttp2 } from './http2-client.js'
import { runHttps } from './https-client.js'
import type { TargetAct } from './plan.js'
import type { Scene } from './scene.js'
import { runTls } from './tls-client.js'
import { runUndici } from './undici-client.js'

/** Shared by the clients of a scenario. */
export class Clients {
  readonly controls: Controls
  readonly scene: Scene
  readonly port: number
  /** Sockets of clients that have them. */
  readonly sockets = new Set<TLSSocket>()
  /** Ends everything at once, as an agent's destroy() does. */
  destroyAll: () => void = () => undefined
  hasDestroyedAll = false

  constructor(scene: Scene, port: number) {
    this.scene = scene
    this.port = port
    this.controls = new Controls(scene, 'client', scene.plan.client)
  }

  /** Resolves when all exchanges are over, or given up. */
  run(): Promise<void> {
    switch (this.scene.plan.clientKind) {
      case 'tls':
        return runTls(this)
      case 'https':
        return runHttps(this)
      case 'handmade':
        return runHandmade(this)
      case 'http2':
        return runHttp2(this)
      case 'undici':
        return runUndici(this)
    }
  }

  act(what: TargetAct['what']): void {
    if (what === 'client-destroy') {
      this.hasDestroyedAll = true
      this.destroyAll()
    }
    if (what === 'client-stop') this.controls.stop()
    if (what === 'client-abort') this.controls.abort()
  }

  /** A socket of which this side is told. */
  watch(socket: TLSSocket): void {
    if (this.sockets.has(socket)) return
    this.sockets.add(socket)
    socket.once('secureConnect', () => this.controls.secured(socket))
    socket.once('close', () => this.sockets.delete(socket))
  }
}
