// SPDX-License-Identifier: Apache-2.0
//
// The lines of a .env file, as the programs take them that read such files: python-dotenv, node's
// dotenv, docker compose. KEY=VALUE with or without `export`, in single, double or back quotes that
// may go over several lines, with comments behind. Where those programs differ, a secret is never
// cut: a `#` inside of a word is a part of it. What would have to be worked out (${NAME} and
// $(command)) is a mistake of its line, unless it stands in single or back quotes.
//
// Pure. The values are views into the text, which is locked memory, and nothing of them gets into a
// message.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/error.h"

namespace keyswap::cli {

struct EnvEntry {
  std::size_t line = 0;  // where it begins, from 1
  std::string key;       // what can be the name of a secret
  std::string_view value;
};

struct EnvRemark {
  std::size_t line = 0;
  base::Note what = "";
};

struct EnvFile {
  std::vector<EnvEntry> entries;    // a key once
  std::vector<EnvRemark> mistakes;  // of lines that are left out, all of them
  std::vector<EnvRemark> repeats;   // lines whose key was there before: the last one counts
};

// Undoes escapes where they stand: `text` is changed, and has to live as long as the values.
EnvFile parse_env_file(std::span<char> text);

// `value` without the blanks and line breaks at its ends, which a paste brings along.
std::string_view without_blanks(std::string_view value);

// What keeps `value` from being kept as a secret: what could never be used as one (empty, too long,
// blanks at an end, a byte order mark) or must not be (control characters); "" when nothing does.
// Names the byte's place, never a byte.
std::string describe_bad_value(std::string_view value);

}  // namespace keyswap::cli
