// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/client_probes.h"

#include <string_view>
#include <utility>

namespace keyswap::cli {

namespace {

constexpr const char* kHeader = "Authorization: Bearer @TOKEN@";

constexpr const char* kPython =
    R"(import urllib.request as u
r = u.Request("@URL@", headers={"Authorization": "Bearer @TOKEN@"})
print(u.urlopen(r, timeout=20).read().decode()))";

// With an agent of its own, as SDKs have: those read no variable in any Node.
constexpr const char* kNode =
    R"(const https = require("https");
const options = { agent: new https.Agent(), headers: { authorization: "Bearer @TOKEN@" } };
https.get("@URL@", options, (answer) => answer.pipe(process.stdout)).on("error", () => {});)";

constexpr const char* kFetch =
    R"(fetch("@URL@", { headers: { authorization: "Bearer @TOKEN@" } })
  .then((answer) => answer.text()).then((text) => console.log(text), () => {});)";

constexpr const char* kGo = R"(package main

import (
	"io"
	"net/http"
	"os"
)

func main() {
	request, _ := http.NewRequest("GET", "@URL@", nil)
	request.Header.Set("Authorization", "Bearer @TOKEN@")
	answer, err := http.DefaultClient.Do(request)
	if err == nil {
		io.Copy(os.Stdout, answer.Body)
	}
}
)";

constexpr const char* kJava = R"(class Probe {
  public static void main(String[] words) throws Exception {
    var connection = java.net.URI.create("@URL@").toURL().openConnection();
    connection.setRequestProperty("Authorization", "Bearer @TOKEN@");
    System.out.print(new String(connection.getInputStream().readAllBytes()));
  }
}
)";

constexpr const char* kRuby =
    R"(u = URI("@URL@")
Net::HTTP.start(u.host, u.port, use_ssl: true) do |http|
  print http.get("/", "Authorization" => "Bearer @TOKEN@").body
end)";

constexpr const char* kPhp =
    R"($c = curl_init("@URL@");
curl_setopt($c, CURLOPT_HTTPHEADER, ["Authorization: Bearer @TOKEN@"]);
curl_exec($c);)";

constexpr const char* kPerl =
    R"(my $fields = {Authorization => "Bearer @TOKEN@"};
print HTTP::Tiny->new(verify_SSL => 1)->get("@URL@", {headers => $fields})->{content};)";

constexpr const char* kAllow = "allow it: --allow-net and --allow-env";

void replace_all(std::string& text, std::string_view what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

std::vector<ClientProbe> probes_of_tools() {
  return {
      {"curl",
       "curl",
       {"-sS", "-H", kHeader, "@URL@"},
       true,
       "--noproxy",
       "take proxy and noproxy out of ~/.curlrc"},
      {"wget",
       "wget",
       {"-q", "-O", "-", "--tries=1", "--header=Authorization: Bearer @TOKEN@", "@URL@"},
       true,
       "--no-proxy",
       ""},
      {"git",
       "git",
       {"-c", "http.extraHeader=Authorization: Bearer @TOKEN@", "ls-remote", "@URL@probe"},
       true,
       "ssh remotes",
       ""},
      {"npm",
       "npm",
       {"ping",
        "--registry",
        "@URL@",
        "--//@HOST@/:_authToken=@TOKEN@",
        "--fetch-retries=0",
        "--cache",
        "@FILE@"},
       true,
       "git dependencies over ssh",
       "take noproxy out of .npmrc"},
      {"pip",
       "pip3",
       {"download",
        "--no-deps",
        "--no-cache-dir",
        "--retries=0",
        "--index-url",
        "@URL@simple",
        "--dest",
        "@FILE@",
        "keyswap-probe"},
       false,
       "--proxy, git+ssh requirements",
       "take proxy and cert out of pip.conf"},
      {"docker",
       "docker",
       {"manifest", "inspect", "@HOST@/probe:latest"},
       false,
       "its daemon: pulls, pushes, builds",
       "the daemon needs the proxy and the CA itself, in daemon.json"},
      {"kubectl",
       "kubectl",
       {"--server", "@URL@", "--token", "@TOKEN@", "--request-timeout=20s", "get", "--raw", "/"},
       true,
       "proxy-url of a kubeconfig",
       "with a CA in its kubeconfig: --certificate-authority=$SSL_CERT_FILE"},
      {"aws",
       "aws",
       {"--endpoint-url", "@URL@", "--no-sign-request", "--region", "x", "s3api", "list-buckets"},
       false,
       "programs that give boto `proxies`",
       "take ca_bundle out of ~/.aws/config"},
  };
}

std::vector<ClientProbe> probes_of_languages() {
  return {
      {"python", "python3", {"-c", kPython}, true, "http.client; aiohttp without trust_env", ""},
      {"node",
       "node",
       {"-e", kNode},
       true,
       "net; child programs without NODE_OPTIONS",
       "leave --no-preload out, and NODE_OPTIONS as it is"},
      {"go",
       "go",
       {"run", "@FILE@"},
       true,
       "transports without ProxyFromEnvironment",
       "",
       kGo,
       ".go"},
      {"java", "java", {"@FILE@"}, true, "Proxy.NO_PROXY; sockets", "", kJava, ".java"},
      {"ruby",
       "ruby",
       {"-rnet/http", "-e", kRuby},
       true,
       "TCPSocket; Net::HTTP with p_addr nil",
       ""},
      {"php",
       "php",
       {"-r", kPhp},
       true,
       "streams (file_get_contents)",
       "install its curl extension; give streams a context with `proxy`"},
      {"perl",
       "perl",
       {"-MHTTP::Tiny", "-e", kPerl},
       true,
       "IO::Socket",
       "install IO::Socket::SSL, which it needs for https"},
      {"deno", "deno", {"eval", kFetch}, true, "Deno.connect", kAllow},
      {"bun", "bun", {"-e", kFetch}, true, "Bun.connect", ""},
  };
}

}  // namespace

std::vector<ClientProbe> client_probes() {
  std::vector<ClientProbe> probes = probes_of_tools();
  for (ClientProbe& probe : probes_of_languages()) {
    probes.push_back(std::move(probe));
  }
  return probes;
}

Variables probe_variables() {
  return {{"GIT_TERMINAL_PROMPT", "0"},
          {"GO111MODULE", "off"},
          {"GOTOOLCHAIN", "local"},
          {"KUBECONFIG", "/dev/null"},
          {"AWS_EC2_METADATA_DISABLED", "true"},
          {"AWS_MAX_ATTEMPTS", "1"},
          {"AWS_RETRY_MODE", "standard"},
          {"PIP_DISABLE_PIP_VERSION_CHECK", "1"},
          {"npm_config_update_notifier", "false"}};
}

std::string fill_in(std::string text, const ProbePlace& place) {
  replace_all(text, "@URL@", "https://" + place.host + "/");
  replace_all(text, "@HOST@", place.host);
  replace_all(text, "@TOKEN@", place.token);
  replace_all(text, "@FILE@", place.file);
  return text;
}

}  // namespace keyswap::cli
