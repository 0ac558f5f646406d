// SPDX-License-Identifier: Apache-2.0
//
// pip.conf, with credentials in the URLs of indexes, and .pypirc, with a password for each index
// that packages are uploaded to.
#include <algorithm>
#include <array>

#include "proxy/base/bytes.h"
#include "proxy/cli/credential_file.h"

namespace keyswap::cli {

namespace {

constexpr std::array<std::string_view, 5> kUrlKeys = {
    "index-url", "extra-index-url", "find-links", "index", "proxy"};
constexpr std::string_view kUploadPath = "/legacy/";

std::string normal(std::string_view key) {
  std::string text = base::to_lower(key);
  std::ranges::replace(text, '_', '-');
  return text;
}

// "https://host[:port]/path".
struct Url {
  bool is_https = false;
  std::string host;
  std::string path;
};

Url parse_url(std::string_view text) {
  constexpr std::string_view kHttps = "https://";
  Url url;
  url.is_https = text.starts_with(kHttps);
  const std::size_t scheme = text.find("://");
  text = scheme == std::string_view::npos ? text : text.substr(scheme + 3);
  const std::size_t end = std::min(text.find('/'), text.size());
  const std::string_view authority = text.substr(0, end);
  url.host = authority.substr(authority.rfind('@') + 1);  // npos + 1 is 0
  url.path = text.substr(end);
  return url;
}

class Reader {
 public:
  CredentialFile read(std::string_view text) {
    Lines lines(text);
    while (const auto line = lines.next()) {
      take(*line);
    }
    end_section();
    return std::move(file_);
  }

 private:
  void take(const TextLine& line) {
    if (is_comment(line)) {
      return;
    }
    if (const auto section = read_section(line)) {
      end_section();
      section_ = *section;
      key_.clear();
      return;
    }
    const bool goes_on =
        !line.text.empty() && (line.text.front() == ' ' || line.text.front() == '\t');
    const auto setting = goes_on && !key_.empty() ? std::nullopt : read_setting(line, "=:");
    if (setting) {
      key_ = normal(setting->key);
    }
    if (setting && key_ == "password") {
      password_.emplace();
      password_->line = line.number;
      password_->spot = {setting->begin, setting->value.size(), Writing::plain};
    } else if (setting && key_ == "repository") {
      repository_ = setting->value;
    } else if ((setting || goes_on) && std::ranges::find(kUrlKeys, key_) != kUrlKeys.end()) {
      take_urls(line);
    }
  }

  // Also between the lines of a value.
  static bool is_comment(const TextLine& line) {
    const std::size_t begin = line.text.find_first_not_of(" \t");
    return begin != std::string_view::npos && (line.text[begin] == '#' || line.text[begin] == ';');
  }

  // Each URL of the line that has credentials.
  void take_urls(const TextLine& line) {
    constexpr std::string_view kMark = "://";
    for (std::size_t at = line.text.find(kMark); at != std::string_view::npos;
         at = line.text.find(kMark, at + 1)) {
      const std::size_t begin = at + kMark.size();
      const std::size_t end = std::min(line.text.find_first_of("/ \t,?#", begin), line.text.size());
      const std::string_view authority = line.text.substr(begin, end - begin);
      const std::size_t sign = authority.rfind('@');
      if (sign == std::string_view::npos) {
        continue;
      }
      const bool is_https = line.text.substr(0, at).ends_with("https");
      take_user(line, {begin, sign}, authority.substr(sign + 1), is_https);
    }
  }

  struct UserInfo {
    std::size_t begin = 0;  // in the line
    std::size_t size = 0;
  };

  void take_user(const TextLine& line, UserInfo user, std::string_view host, bool is_https) {
    const std::string_view text = line.text.substr(user.begin, user.size);
    if (text.empty()) {
      return;
    }
    if (text.find("${") != std::string_view::npos) {
      file_.left_out.push_back(
          at_line(line.number, "it comes from a variable, which can have a placeholder"));
      return;
    }
    if (key_ == "proxy" || !is_https) {
      file_.left_out.push_back(at_line(
          line.number,
          key_ == "proxy" ? "credentials of a proxy" : "over plain http no secret is sent"));
      return;
    }
    const std::size_t colon = text.find(':');
    const bool has_password = colon != std::string_view::npos && colon + 1 < text.size();
    Credential credential;
    credential.line = line.number;
    credential.spot =
        has_password
            ? Spot{line.begin + user.begin + colon + 1, text.size() - colon - 1, Writing::percent}
            : Spot{line.begin + user.begin, std::min(colon, text.size()), Writing::percent};
    credential.use = has_password ? Use::basic_password : Use::basic_user;
    credential.host = host;
    credential.name = name_for("INDEX_PASSWORD", host);
    if (credential.spot.size > 0) {
      file_.credentials.push_back(std::move(credential));
    }
  }

  // What a section of .pypirc says is known at its end.
  void end_section() {
    if (password_ && password_->spot.size > 0) {
      const Url url = parse_url(!repository_.empty()     ? repository_
                                : section_ == "testpypi" ? "https://test.pypi.org/legacy/"
                                                         : "https://upload.pypi.org/legacy/");
      password_->host = url.host;
      password_->name = section_ == "pypi" ? "PYPI_PASSWORD" : name_for("PYPI_PASSWORD", section_);
      password_->provider = url.path == kUploadPath ? "pypi" : "";
      password_->use = Use::basic_upload;
      if (url.is_https) {
        file_.credentials.push_back(*std::move(password_));
      } else {
        file_.left_out.push_back(at_line(password_->line, "over plain http no secret is sent"));
      }
    }
    password_.reset();
    repository_ = {};
  }

  CredentialFile file_;
  std::string_view section_;
  std::string key_;  // that the line belongs to
  std::optional<Credential> password_;
  std::string_view repository_;
};

}  // namespace

CredentialFile read_pip_config(std::string_view text) {
  return Reader().read(text);
}

}  // namespace keyswap::cli
