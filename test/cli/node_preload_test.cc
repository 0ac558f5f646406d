// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/node_preload.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <catch2/catch.hpp>
#include <unistd.h>

namespace keyswap::cli {

namespace {

std::string said_by(const std::string& command) {
  FILE* program = popen(command.c_str(), "r");
  REQUIRE(program != nullptr);
  std::array<char, 512> read_back{};
  const std::size_t size = std::fread(read_back.data(), 1, read_back.size(), program);
  pclose(program);
  return {read_back.data(), size};
}

bool has_node() {
  return said_by("command -v node").find("node") != std::string::npos;
}

}  // namespace

TEST_CASE("a path is a word of NODE_OPTIONS, whatever is in it") {
  CHECK(node_preload_option("/a/b.cjs") == "--require=/a/b.cjs");
  CHECK(node_preload_option("/a b/c.cjs") == "\"--require=/a b/c.cjs\"");
  CHECK(node_preload_option("/a\"\\b.cjs") == "\"--require=/a\\\"\\\\b.cjs\"");
}

TEST_CASE("Node loads the file, says nothing, and asks the proxy but for NO_PROXY's hosts") {
  if (!has_node()) {
    return;
  }
  std::string folder = "/tmp/keyswap preload-XXXXXX";
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const std::string path = folder + "/p.cjs";
  std::ofstream(path) << node_preload_text();
  // A proxy that refuses says in the error whom it was asked for.
  const std::string program = R"js(
const net = require("net"), tls = require("tls");
const proxy = net.createServer((wire) => wire.on("data", () =>
  wire.end("HTTP/1.1 403 No\r\nKeyswap-Reason: because\r\n\r\n")));
proxy.listen(0, "127.0.0.1", async () => {
  process.env.https_proxy = `http://127.0.0.1:${proxy.address().port}`;
  process.env.no_proxy = "*.corp.test,10.0.0.0/8,only.test:8443,[::1]";
  require(process.argv[1]);
  for (const [host, port] of [["api.test", 443], ["a.corp.test", 443], ["corp.test.", 443], ["xcorp.test", 443],
    ["10.1.2.3", 443], ["only.test", 443], ["only.test", 8443], ["::1", 1], ["127.0.0.9", 1]]) {
    const lookup = (name, options, done) => done(new Error("direct"));
    await new Promise((done) => {
      const wire = tls.connect({ host, port, lookup, timeout: host === "10.1.2.3" ? 50 : 10000 });
      wire.on("error", (error) => { process.stdout.write(/because/.test(error.message) ? "p" : "d"); wire.destroy(); done(); });
      wire.on("timeout", () => { process.stdout.write("d"); wire.destroy(); done(); });
    });
  }
  process.exit();
});
)js";
  const std::string script = folder + "/t.cjs";
  std::ofstream(script) << program;
  CHECK(said_by("env -u HTTPS_PROXY -u NO_PROXY -u NODE_OPTIONS node -e \"$(cat '" + script +
                "')\" '" + path + "' 2>&1") == "pddpdpddd");
  CHECK(said_by("env -u https_proxy -u HTTPS_PROXY NODE_OPTIONS='" + node_preload_option(path) +
                "' node -e 'console.log(require(\"tls\").connect.length)' 2>&1")
            .find("Error") == std::string::npos);
  // The proxy itself is asked without a tunnel, wherever it is.
  const std::string own = R"js(
const asked = (host, port) => require("http").get({ host, port, path: "https://api.test/", lookup: (name, options, done) =>
  done(new Error("direct")) }).on("error", (error) => console.log(error.message.slice(0, 6)));
asked("Proxy.test.", 8472);
)js";
  std::ofstream(script) << own;
  CHECK(said_by("env -u HTTPS_PROXY -u NO_PROXY https_proxy=http://proxy.test:8472 NODE_OPTIONS='" +
                node_preload_option(path) + "' node '" + script + "' 2>&1") == "direct\n");
  std::remove(path.c_str());
  std::remove(script.c_str());
  rmdir(folder.c_str());
}

}  // namespace keyswap::cli
