// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <unistd.h>

#include "proxy/cli/child.h"
#include "proxy/cli/doctor.h"
#include "proxy/cli/files.h"
#include "proxy/cli/node_version.h"
#include "proxy/cli/serve_lock.h"

namespace keyswap::cli {

namespace {

const std::string* find(const Variables& variables, const std::string& name) {
  const auto found = variables.find(name);
  return found == variables.end() ? nullptr : &found->second;
}

Finding check_node(const Patient& patient) {
  const std::string version = node_version(patient.environment);
  if (version.empty()) {
    return {"Node", Health::ok, "not installed", ""};
  }
  if (!node_reads_proxy_variables(version)) {
    return {"Node",
            Health::note,
            version + " does not read HTTPS_PROXY: `run` and `env` load what does so for it",
            "with --no-preload use Node 22.21 or 24.5 (or later)"};
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

// Clients that take roots from no variable.
struct OwnRoots {
  const char* program;
  const char* fix;
};

std::vector<Finding> check_own_root_clients(const Patient& patient) {
  static constexpr std::array<OwnRoots, 4> kOwnRoots = {
      {{"aria2c", "aria2c --ca-certificate=$SSL_CERT_FILE ..."},
       {"chromium", "certutil -d sql:$HOME/.pki/nssdb -A -n keyswap -t C,, -i ca.pem"},
       {"google-chrome", "certutil -d sql:$HOME/.pki/nssdb -A -n keyswap -t C,, -i ca.pem"},
       {"firefox", "import ca.pem under Settings, Certificates, in a profile of its own"}}};
  std::vector<Finding> findings;
  const std::string* path = find(patient.environment, "PATH");
  for (const auto& [program, fix] : kOwnRoots) {
    if (path != nullptr && !find_program(program, *path).empty()) {
      findings.push_back({program, Health::note, "takes roots from no variable", fix});
    }
  }
  return findings;
}

// A CA of its own in there is all that kubectl, helm and the like trust.
std::vector<Finding> check_kubeconfig(const Patient& patient) {
  constexpr std::size_t kBytesMax = std::size_t{1024} * 1024;
  const std::string* named = find(patient.environment, "KUBECONFIG");
  const std::string* home = find(patient.environment, "HOME");
  const std::string path = named != nullptr && !named->empty() ? named->substr(0, named->find(':'))
                           : home != nullptr                   ? *home + "/.kube/config"
                                                               : "";
  const auto text = read_file(path, kBytesMax);
  if (!text || text->find("certificate-authority") == std::string::npos) {
    return {};
  }
  return {{"kubectl",
           Health::note,
           "the CA in " + path + " is all that it trusts",
           "where a binding names that server: --certificate-authority=$SSL_CERT_FILE"}};
}

}  // namespace

std::vector<Finding> examine_clients(const Patient& patient) {
  std::vector<Finding> findings = {
      check_variables(patient), check_weakening(patient), check_node(patient)};
  for (const auto& more : {check_own_root_clients(patient),
                           check_kubeconfig(patient),
                           examine_credential_files(patient)}) {
    findings.insert(findings.end(), more.begin(), more.end());
  }
  return findings;
}

}  // namespace keyswap::cli
