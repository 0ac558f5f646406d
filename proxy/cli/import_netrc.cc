// SPDX-License-Identifier: Apache-2.0
//
// A netrc's passwords, each for its machine.
#include <algorithm>

#include "proxy/cli/credential_file.h"
#include "proxy/cli/netrc.h"

namespace keyswap::cli {

namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), lines_(text) {}

  CredentialFile read() {
    const NetrcEntries entries = parse_netrc(text_);
    for (const NetrcMachine& machine : entries.machines) {
      for (const NetrcWord& password : machine.passwords) {
        if (!password.text.empty()) {
          take(machine, password);
        }
      }
    }
    if (entries.mistake) {
      file_.left_out.push_back(at_line(
          lines_.line_of(*entries.mistake),
          "this is not understood: an unknown word, a missing value, or a quote not closed"));
    }
    return std::move(file_);
  }

 private:
  void take(const NetrcMachine& machine, const NetrcWord& password) {
    const std::size_t line = lines_.line_of(password.begin);
    if (machine.name.empty()) {
      file_.left_out.push_back(
          at_line(line, "it is for every host (`default`), and a secret is bound to one"));
      return;
    }
    if (password.is_escaped) {
      file_.left_out.push_back(at_line(line, "tools read a backslash in different ways"));
      return;
    }
    const std::string host(machine.name);
    Credential credential;
    credential.line = line;
    credential.spot = {password.begin, password.text.size(), Writing::plain};
    credential.name = name_for("NETRC_PASSWORD", host);
    // Those of git say which hosts are meant by themselves.
    const bool is_github = host == "github.com";
    credential.provider = is_github ? "github-git" : host == "gitlab.com" ? "gitlab-git" : "";
    credential.host = is_github ? "" : host;
    file_.credentials.push_back(std::move(credential));
  }

  std::string_view text_;
  LineNumbers lines_;
  CredentialFile file_;
};

}  // namespace

CredentialFile read_netrc(std::string_view text) {
  return Reader(text).read();
}

}  // namespace keyswap::cli
