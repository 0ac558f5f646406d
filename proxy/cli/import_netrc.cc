// SPDX-License-Identifier: Apache-2.0
//
// A netrc (curl(1), ftp(1)): machine HOST login USER password VALUE, in words; what stands between
// double quotes is one.
#include <algorithm>

#include "proxy/cli/credential_file.h"

namespace keyswap::cli {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

struct Word {
  std::size_t begin = 0;
  std::string_view text;
  bool is_escaped = false;  // backslashes in it would have to be worked out
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  CredentialFile read() {
    while (const auto word = next()) {
      if (word->text.starts_with('#')) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (word->text == "machine") {
        const auto name = next();
        host_ = name ? std::string(name->text) : "";
        has_machine_ = true;
      } else if (word->text == "default") {
        has_machine_ = false;
      } else if (word->text == "macdef") {
        const std::size_t end = text_.find("\n\n", at_);  // an empty line ends it
        at_ = end == std::string_view::npos ? text_.size() : end;
      } else if (word->text == "password" || word->text == "passwd") {
        take(next());
      } else if (word->text == "login" || word->text == "user" || word->text == "account") {
        static_cast<void>(next());
      }
    }
    return std::move(file_);
  }

 private:
  std::optional<Word> next() {
    const std::size_t begin = text_.find_first_not_of(kBlanks, at_);
    if (begin == std::string_view::npos) {
      at_ = text_.size();
      return std::nullopt;
    }
    if (text_[begin] != '"') {
      at_ = std::min(text_.find_first_of(kBlanks, begin), text_.size());
      const std::string_view word = text_.substr(begin, at_ - begin);
      return Word{begin, word, word.find('\\') != std::string_view::npos};
    }
    Word word{begin + 1, {}, false};
    for (at_ = begin + 1; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      const bool is_escape = text_[at_] == '\\';
      word.is_escaped = word.is_escaped || is_escape;
      at_ += is_escape ? 1 : 0;
    }
    at_ = std::min(at_, text_.size());
    word.text = text_.substr(begin + 1, at_ - begin - 1);
    at_ = std::min(at_ + 1, text_.size());
    return word;
  }

  // The line of a place behind all that were asked for before.
  std::size_t line_of(std::size_t begin) {
    line_ += static_cast<std::size_t>(
        std::ranges::count(text_.substr(counted_, begin - counted_), '\n'));
    counted_ = begin;
    return line_;
  }

  void take(const std::optional<Word>& word) {
    if (!word || word->text.empty()) {
      return;
    }
    const std::size_t line = line_of(word->begin);
    if (!has_machine_ || host_.empty()) {
      file_.left_out.push_back(
          at_line(line, "it is for every host (`default`), and a secret is bound to one"));
      return;
    }
    if (word->is_escaped) {
      file_.left_out.push_back(at_line(line, "tools read a backslash in different ways"));
      return;
    }
    Credential credential;
    credential.line = line;
    credential.spot = {word->begin, word->text.size(), Writing::plain};
    credential.name = name_for("NETRC_PASSWORD", host_);
    // Those of git say which hosts are meant by themselves.
    const bool is_github = host_ == "github.com";
    credential.provider = is_github ? "github-git" : host_ == "gitlab.com" ? "gitlab-git" : "";
    credential.host = is_github ? "" : host_;
    file_.credentials.push_back(std::move(credential));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t counted_ = 0;
  std::size_t line_ = 1;
  std::string host_;
  bool has_machine_ = false;
  CredentialFile file_;
};

}  // namespace

CredentialFile read_netrc(std::string_view text) {
  return Reader(text).read();
}

}  // namespace keyswap::cli
