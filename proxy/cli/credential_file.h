// SPDX-License-Identifier: Apache-2.0
//
// What stands in a file in which another tool keeps credentials: each value with its place in the
// text, the host that it is for, and how that tool sends it; and what is there that cannot be
// taken, with the reason. One reader a format, each pure, for any bytes. The text is locked memory;
// no value is copied out of it but into locked memory, and none gets into a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/result.h"
#include "proxy/cli/terminal.h"

namespace keyswap::cli {

// How a file writes a value.
enum class Writing : std::uint8_t {
  plain,
  percent,  // %-escaped, in a URL
  base64,
  basic,  // base64 of "user:value"
};

struct Spot {
  std::size_t begin = 0;  // in the file's text
  std::size_t size = 0;
  Writing writing = Writing::plain;
};

// How a tool sends the value, where no provider of the catalogue says so.
enum class Use : std::uint8_t {
  basic_password,  // the password of Basic credentials, to read
  basic_user,      // their user, to read
  basic_upload,    // the password of Basic credentials, to POST
  token,           // `Authorization: token VALUE`, to read
};

struct Credential {
  std::size_t line = 0;  // from 1
  Spot spot;
  std::string name;      // for the vault, if it is free
  std::string host;      // with a port if it has one; "" where the provider's are its own
  std::string provider;  // of the catalogue; "" = none
  Use use = Use::basic_password;
};

struct CredentialFile {
  std::vector<Credential> credentials;
  std::vector<std::string> left_out;  // what cannot be taken, and why
  std::vector<std::string> remarks;   // what the tool needs besides
};

// hosts.yml of gh; credentials of aws; .npmrc; pip.conf and .pypirc; .netrc; config.json of docker.
CredentialFile read_gh_hosts(std::string_view text);
CredentialFile read_aws_credentials(std::string_view text);
CredentialFile read_npmrc(std::string_view text);
CredentialFile read_pip_config(std::string_view text);
CredentialFile read_netrc(std::string_view text);
CredentialFile read_docker_config(std::string_view text);

// The value that stands there, in locked memory. invalid_input: it is not written so; unavailable:
// no locked memory is left.
base::Result<LockedText> value_at(std::string_view text, const Spot& spot);
// What has to stand there for another value, which is no secret. As value_at().
base::Result<std::string> written_at(std::string_view text,
                                     const Spot& spot,
                                     std::string_view value);

// "PREFIX_NPM_EXAMPLE_COM": a name for what is used at that host.
std::string name_for(std::string_view prefix, std::string_view host);
// "line 3: what".
std::string at_line(std::size_t line, std::string_view what);
// Where the first URL in it has a user or a password: "https://USER:PASSWORD@HOST".
bool has_user_info(std::string_view text);

// The numbers of the lines in which places of a text are, from 1; cheap where those are asked for
// in their order.
class LineNumbers {
 public:
  explicit LineNumbers(std::string_view text) : text_(text) {}

  std::size_t line_of(std::size_t place);

 private:
  std::string_view text_;
  std::size_t counted_ = 0;
  std::size_t line_ = 1;
};

// Line by line, without what ends them.
struct TextLine {
  std::size_t number = 0;
  std::size_t begin = 0;  // in the text
  std::string_view text;
};

class Lines {
 public:
  explicit Lines(std::string_view text);
  std::optional<TextLine> next();

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t number_ = 0;
};

// "key = value" or "key: value" of an INI file, without blanks around; `begin`: of the value.
struct Setting {
  std::string_view key;
  std::string_view value;
  std::size_t begin = 0;
};

// Nothing: it is no such line. `marks`: what may stand between.
std::optional<Setting> read_setting(const TextLine& line, std::string_view marks);
// The same of an npmrc; of the value neither quotes nor a comment behind it (import_npm.cc).
std::optional<Setting> read_npm_setting(const TextLine& line);
// The name in "[name]".
std::optional<std::string_view> read_section(const TextLine& line);

}  // namespace keyswap::cli
