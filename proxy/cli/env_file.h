// SPDX-License-Identifier: Apache-2.0
//
// The lines of a .env file that `secret import` takes: KEY=VALUE, export KEY='value', comments and
// empty lines; nothing that a shell would have to work out. Pure; the values are views into the
// text, which is locked memory, and nothing of them gets into a message.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/error.h"

namespace keyswap::cli {

struct EnvEntry {
  std::size_t line = 0;  // from 1
  std::string key;
  std::string_view value;
};

struct EnvMistake {
  std::size_t line = 0;
  base::Note what = "";
};

struct EnvFile {
  std::vector<EnvEntry> entries;
  std::vector<EnvMistake> mistakes;  // all of them
};

EnvFile parse_env_file(std::string_view text);

// `value` without the blanks and line breaks at its ends, which a paste brings along.
std::string_view without_blanks(std::string_view value);

// What keeps `value` from being kept as a secret: what could never be used as one (empty, too long,
// blanks at an end, a byte order mark) or must not be (control characters); "" when nothing does.
// Names the byte's place, never a byte.
std::string describe_bad_value(std::string_view value);

}  // namespace keyswap::cli
