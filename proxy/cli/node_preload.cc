// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/node_preload.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kText = R"js(// Made by keyswap: leads connections through the proxy.
"use strict";
(() => {
  if (globalThis.Deno || globalThis.Bun) return;  // they read the variables themselves
  const variable = (name) => process.env[name] || process.env[name.toUpperCase()] || "";
  let proxy;
  try {
    proxy = new URL(variable("https_proxy"));
  } catch {
    return;  // there is none
  }
  if (proxy.protocol !== "http:") return;
  const net = require("net");
  const tls = require("tls");
  const http = require("http");
  const { Duplex } = require("stream");
  const HEAD_BYTES_MAX = 65536;

  // --- who is called directly ---
  const networks = net.BlockList && new net.BlockList();  // not in the first of Node 14
  const names = [];
  for (const entry of variable("no_proxy").toLowerCase().split(/[\s,]+/).filter(Boolean)) {
    const network = /^\[?([0-9a-f.:]+)\]?\/(\d+)$/.exec(entry);
    if (network) {
      try {
        // Where there are none, what stands here is called through the proxy.
        networks.addSubnet(network[1], Number(network[2]), `ipv${net.isIP(network[1])}`);
      } catch {
        // no network: it names nobody
      }
      continue;
    }
    const parts = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry);  // a bare IPv6 address has none
    const name = (parts ? parts[1] : entry).replace(/[[\]]/g, "").replace(/^\*?\./, "");
    names.push({ name, port: parts && parts[2] ? Number(parts[2]) : 0 });
  }
  const normal = (host) => host.toLowerCase().replace(/[[\]]/g, "").replace(/\.$/, "");
  const isDirect = (given, port) => {
    const host = normal(given);
    const family = net.isIP(host);
    // Libraries that know the proxy speak to it as to any server: axios writes whole URLs there.
    if (host === normal(proxy.hostname) && port === Number(proxy.port || 80)) return true;
    if (host === "localhost" || host === "::1" || (family === 4 && host.startsWith("127."))) return true;
    if (family && networks && networks.check(host, `ipv${family}`)) return true;
    return names.some((entry) => (!entry.port || entry.port === port) &&
      (entry.name === "*" || host === entry.name || host.endsWith(`.${entry.name}`)));
  };

  // --- a connection that the proxy opens for us (CONNECT) ---
  class Tunnel extends Duplex {
    constructor(host, port) {
      super();
      this.authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
      this.isOpen = false;
      this.head = Buffer.alloc(0);
      this.waiting = [];  // what is to be done once it is open
      this.fail = (error) => this.destroy(error);
      this.socket = net.connect({ host: proxy.hostname.replace(/[[\]]/g, ""), port: Number(proxy.port || 80) });
      this.socket.setNoDelay(true);
      this.socket.on("connect", () => this.socket.write(this.request()));
      this.socket.on("data", (bytes) => this.receive(bytes));
      this.socket.on("end", () => this.isOpen ? this.push(null) : this.fail(this.problem("closed the connection")));
      this.socket.on("error", (error) => this.fail(error));
      this.socket.on("close", () => this.destroy());
      this.socket.on("timeout", () => this.emit("timeout"));
    }
    request() {
      const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
      const claim = user === ":" ? "" : `Proxy-Authorization: Basic ${Buffer.from(user).toString("base64")}\r\n`;
      return `CONNECT ${this.authority} HTTP/1.1\r\nHost: ${this.authority}\r\n${claim}\r\n`;
    }
    problem(what) {
      return Object.assign(new Error(`the proxy ${what} (${this.authority})`), { code: "ERR_KEYSWAP_TUNNEL" });
    }
    receive(bytes) {
      if (this.isOpen) {
        if (!this.push(bytes)) this.socket.pause();
        return;
      }
      this.head = Buffer.concat([this.head, bytes]);
      const end = this.head.indexOf("\r\n\r\n");
      if (end < 0) {
        if (this.head.length > HEAD_BYTES_MAX) this.fail(this.problem("answered too much"));
        return;
      }
      const head = this.head.subarray(0, end).toString("latin1");
      const status = (/^HTTP\/1\.\d (\d{3})/.exec(head) || [])[1] || "nonsense";
      if (!/^2\d\d$/.test(status)) {
        const reason = (/^keyswap-reason: *(\S+)/im.exec(head) || [])[1];
        this.fail(this.problem(`answered ${status}${reason ? ` ${reason}` : ""}`));
        return;
      }
      this.isOpen = true;
      const rest = this.head.subarray(end + 4);
      this.head = Buffer.alloc(0);
      for (const next of this.waiting.splice(0)) next();
      if (rest.length > 0) this.receive(rest);
    }
    whenOpen(next) {
      if (this.isOpen) next();
      else this.waiting.push(next);
    }
    _read() { if (this.isOpen) this.socket.resume(); }
    _write(bytes, encoding, done) { this.whenOpen(() => this.socket.write(bytes, encoding, done)); }
    _final(done) { this.whenOpen(() => this.socket.end(done)); }
    _destroy(error, done) { this.socket.destroy(); done(error); }
    // What programs ask of a socket.
    setTimeout(ms, listener) {
      if (listener) this.once("timeout", listener);
      this.socket.setTimeout(ms);
      return this;
    }
    setNoDelay(on) { this.socket.setNoDelay(on); return this; }
    setKeepAlive(on, ms) { this.socket.setKeepAlive(on, ms); return this; }
    ref() { this.socket.ref(); return this; }
    unref() { this.socket.unref(); return this; }
  }

  // --- TLS: https, fetch, ws, http2 and agents of all kinds end here ---
  const connectTls = tls.connect;
  const optionsOf = (words) => {
    if (typeof words[0] === "object" && words[0] !== null) return { ...words[0] };
    const host = typeof words[1] === "string" ? words[1] : undefined;
    const given = words.slice(1).find((word) => typeof word === "object" && word !== null);
    return { port: words[0], host, ...given };
  };
  tls.connect = function connect(...words) {
    const options = optionsOf(words);
    const host = options.host || "localhost";
    const port = Number(options.port);
    if (options.socket || options.path || !(port > 0) || isDirect(host, port)) return connectTls.apply(this, words);
    const tunnel = new Tunnel(host, port);
    const socket = connectTls.call(this, { ...options, host, socket: tunnel }, words.find((word) => typeof word === "function"));
    tunnel.fail = (error) => {
      socket.destroy(error);
      tunnel.destroy();
    };
    for (const name of ["ref", "unref", "setNoDelay", "setKeepAlive"]) {
      const own = socket[name];
      socket[name] = function (...given) {
        tunnel[name](...given);
        return own.apply(this, given);
      };
    }
    return socket;
  };

  // --- plain http; a Node that reads the variables for this agent is left to it ---
  const connectPlain = http.Agent.prototype.createConnection;
  http.Agent.prototype.createConnection = function createConnection(options, ...rest) {
    const isOurs = typeof options === "object" && options !== null && !options.socketPath && Number(options.port) > 0 &&
      !(this && this.options && this.options.proxyEnv);
    if (!isOurs || isDirect(options.host || "localhost", Number(options.port))) {
      return connectPlain.call(this, options, ...rest);
    }
    return new Tunnel(options.host, Number(options.port));
  };
  require("module").syncBuiltinESMExports();
})();
)js";

}  // namespace

std::string_view node_preload_text() {
  return kText;
}

std::string node_preload_option(std::string_view path) {
  std::string word = "--require=";
  bool needs_quotes = false;
  for (const char c : path) {
    needs_quotes = needs_quotes || c == ' ' || c == '"' || c == '\\';
    word += (c == '"' || c == '\\' ? std::string("\\") : std::string()) + c;
  }
  return needs_quotes ? "\"" + word + "\"" : word;
}

}  // namespace keyswap::cli
