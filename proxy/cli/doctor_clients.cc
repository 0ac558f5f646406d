// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>
#include <csignal>

#include <fcntl.h>
#include <unistd.h>

#include "proxy/cli/child.h"
#include "proxy/cli/doctor.h"
#include "proxy/cli/serve_lock.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kVersionBytesMax = 64;
constexpr int kAnswerMs = 5'000;

const std::string* find(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? nullptr : &found->second;
}

// What `node --version` prints; "" when there is no node. Whatever it is that bears the name gets
// only what it needs: no variable that holds a credential or makes it load code, no descriptor, not
// the terminal.
std::string node_version(const Variables& environment) {
  const std::string* path = find(environment, "PATH");
  const std::string program = path == nullptr ? "" : find_program("node", *path);
  auto output = make_pipe();
  if (program.empty() || !output) {
    return "";
  }
  Variables needed = {{"PATH", *path}};  // version managers put a script in its place
  if (const std::string* home = find(environment, "HOME")) {
    needed["HOME"] = *home;
  }
  Launch node;
  node.words = {program, "--version"};
  node.environment = &needed;
  node.group = ProcessGroup::own;
  node.inherits = Inherits::nothing;
  node.output = output->write_end.descriptor();
  pthread_sigmask(SIG_SETMASK, nullptr, &node.signal_mask);
  const auto started = launch(node);
  output->write_end.close();
  if (!started) {
    return "";
  }
  const auto ended = wait_for_end(*started, kAnswerMs);
  if (!ended) {
    kill(-*started, SIGKILL);  // with what it started
    wait_for_end(*started, kAnswerMs);
    return "";
  }
  // It has ended; what it may have left behind is not waited for.
  static_cast<void>(fcntl(output->read_end.descriptor(), F_SETFL, O_NONBLOCK));
  std::array<char, kVersionBytesMax> text{};
  const ssize_t size = read(output->read_end.descriptor(), text.data(), text.size());
  std::string version(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  version.erase(std::min(version.find('\n'), version.size()));
  return version;
}

Finding check_node(const Patient& patient) {
  const std::string version = node_version(patient.environment);
  if (version.empty()) {
    return {"Node", Health::ok, "not installed", ""};
  }
  if (!node_reads_proxy_variables(version)) {
    return {"Node",
            Health::note,
            version + " does not read HTTPS_PROXY itself: fetch and https go past the proxy",
            "use Node 22.21 or 24.5 (or later), or an agent such as undici's EnvHttpProxyAgent"};
  }
  const std::string* proxy = find(patient.environment, "HTTPS_PROXY");
  const std::string* told = find(patient.environment, "NODE_USE_ENV_PROXY");
  if (proxy != nullptr && !proxy->empty() && (told == nullptr || *told != "1")) {
    return {"Node",
            Health::failed,
            version + ": HTTPS_PROXY is set, NODE_USE_ENV_PROXY is not",
            "eval \"$(keyswap env)\", or use keyswap run"};
  }
  return {"Node", Health::ok, version + " reads the proxy variables", ""};
}

// Is it the proxy's URL, with a caller's token in it or without?
bool leads_to(const std::string& url, const std::string& address) {
  return url == "http://" + address || (url.starts_with("http://") && url.ends_with("@" + address));
}

// What a shell that points at the proxy must have, too.
Finding check_variables(const Patient& patient) {
  const auto running = find_running(patient.home);
  const std::string* proxy = find(patient.environment, "HTTPS_PROXY");
  if (!running || proxy == nullptr || !leads_to(*proxy, running->address)) {
    return {"this shell", Health::ok, "does not use the proxy by itself; keyswap run does", ""};
  }
  for (const char* name : {"https_proxy",
                           "SSL_CERT_FILE",
                           "CURL_CA_BUNDLE",
                           "REQUESTS_CA_BUNDLE",
                           "GIT_SSL_CAINFO",
                           "NODE_EXTRA_CA_CERTS"}) {
    const std::string* value = find(patient.environment, name);
    const bool is_file = std::string_view(name) != "https_proxy";
    if (value == nullptr || (is_file && access(value->c_str(), R_OK) != 0)) {
      return {"this shell",
              Health::failed,
              std::string("uses the proxy, and ") + name +
                  (value == nullptr ? " is not set" : " names no file"),
              "eval \"$(keyswap env)\""};
    }
  }
  return {"this shell", Health::ok, "uses the proxy and trusts its CA", ""};
}

Finding check_weakening(const Patient& patient) {
  for (const char* name :
       {"NODE_TLS_REJECT_UNAUTHORIZED", "GIT_SSL_NO_VERIFY", "PYTHONHTTPSVERIFY"}) {
    if (find(patient.environment, name) != nullptr) {
      return {"TLS checks",
              Health::note,
              std::string(name) + " is set in this shell: clients may check nothing",
              std::string("unset ") + name + "   (keyswap run does so for its command)"};
    }
  }
  return {"TLS checks", Health::ok, "no variable switches them off", ""};
}

// Real credentials that tools read by themselves, past every placeholder.
std::vector<Finding> check_credential_files(const Patient& patient) {
  static constexpr std::array kFiles = {".netrc",
                                        ".pypirc",
                                        ".aws/credentials",
                                        ".config/gh/hosts.yml",
                                        ".git-credentials",
                                        ".docker/config.json"};
  std::vector<Finding> findings;
  const std::string* home = find(patient.environment, "HOME");
  for (const char* file : kFiles) {
    const std::string path = home == nullptr ? "" : *home + "/" + file;
    if (!path.empty() && access(path.c_str(), R_OK) == 0) {
      findings.push_back({"credential files",
                          Health::note,
                          path + " may hold real credentials that tools send",
                          "move them into the vault, and put placeholders there"});
    }
  }
  if (findings.empty()) {
    findings.push_back({"credential files", Health::ok, "none of the usual ones", ""});
  }
  return findings;
}

}  // namespace

bool node_reads_proxy_variables(const std::string& version) {
  if (version.size() < 2 || version.front() != 'v') {
    return false;
  }
  unsigned major = 0;
  unsigned minor = 0;
  const char* end = version.data() + version.size();
  const auto after = std::from_chars(version.data() + 1, end, major);
  if (after.ec != std::errc() || after.ptr == end || *after.ptr != '.' ||
      std::from_chars(after.ptr + 1, end, minor).ec != std::errc()) {
    return false;
  }
  return major > 24 || (major == 24 && minor >= 5) || (major == 22 && minor >= 21);
}

std::vector<Finding> examine_clients(const Patient& patient) {
  std::vector<Finding> findings = {
      check_variables(patient), check_weakening(patient), check_node(patient)};
  const auto files = check_credential_files(patient);
  findings.insert(findings.end(), files.begin(), files.end());
  return findings;
}

}  // namespace keyswap::cli
