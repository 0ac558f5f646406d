// SPDX-License-Identifier: Apache-2.0
#include "bindings/key_shape.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "bindings/bounds.h"

namespace keyswap::bindings {

namespace {

using base::Errc;
using base::Error;
using Kind = ShapePiece::Kind;

struct Alphabet {
  std::string_view name;
  std::string_view characters;
};

constexpr std::array kAlphabets = {
    Alphabet{"digit", "0123456789"},
    Alphabet{"lower", "abcdefghijklmnopqrstuvwxyz"},
    Alphabet{"upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    Alphabet{"letter", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"},
    Alphabet{"hex", "0123456789abcdef"},
    Alphabet{"HEX", "0123456789ABCDEF"},
    Alphabet{"anyhex", "0123456789abcdefABCDEF"},
    Alphabet{"b32", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"},
    Alphabet{"lower36", "0123456789abcdefghijklmnopqrstuvwxyz"},
    Alphabet{"upper36", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    Alphabet{"b62", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"},
    Alphabet{"b64u", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"},
    Alphabet{"b64", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/="},
};

struct Structure {
  std::string_view name;
  Kind kind;
  std::string_view characters;  // that it consists of
  std::size_t least;
  std::size_t most;
};

constexpr std::string_view kBase64 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/=";
constexpr std::string_view kJwtCharacters =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.";

constexpr std::array kStructures = {
    Structure{"crc", Kind::crc, kAlphabets[10].characters, 6, 6},
    Structure{"id", Kind::id, kAlphabets[10].characters, 24, 28},
    Structure{"jwt", Kind::jwt, kJwtCharacters, 40, 2000},
    Structure{"ed25519", Kind::ed25519, kBase64, 64, 128},
    Structure{"ec", Kind::ec, kBase64, 88, 200},
};

std::optional<std::size_t> read_count(std::string_view text) {
  std::size_t count = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_count = !text.empty() && read.ec == std::errc() &&
                        read.ptr == text.data() + text.size() && count > 0 &&
                        count <= bounds::kShapeCharactersMax;
  return is_count ? std::optional(count) : std::nullopt;
}

// What stands between two braces.
base::Result<ShapePiece> parse_piece(std::string_view text) {
  ShapePiece piece;
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) {
    const auto* const found = std::ranges::find(kStructures, text, &Structure::name);
    if (found == kStructures.end()) {
      return Error{Errc::invalid_input, "a shape has a structure in braces that is not known"};
    }
    piece.kind = found->kind;
    piece.alphabet = found->characters;
    piece.least = found->least;
    piece.most = found->most;
    return piece;
  }
  const auto* const alphabet =
      std::ranges::find(kAlphabets, text.substr(colon + 1), &Alphabet::name);
  const auto counts = text.substr(0, colon);
  const auto dash = counts.find('-');
  const auto least = read_count(counts.substr(0, dash));
  const auto most = dash == std::string_view::npos ? least : read_count(counts.substr(dash + 1));
  if (alphabet == kAlphabets.end() || !least || !most || *least > *most) {
    return Error{
        Errc::invalid_input,
        "braces in a shape are like {20:b62} or {10-13:digit}, of at most 2000 characters"};
  }
  piece.kind = Kind::characters;
  piece.alphabet = alphabet->characters;
  piece.least = *least;
  piece.most = *most;
  return piece;
}

bool is_plain(char c) {
  return c > ' ' && c <= '~' && c != '{' && c != '}';
}

// Which lengths of a value's beginning some reading of the pieces so far takes up.
using Reached = std::vector<bool>;

void step(const ShapePiece& piece, std::string_view value, const Reached& from, Reached& to) {
  for (std::size_t at = 0; at <= value.size(); ++at) {
    if (!from[at]) {
      continue;
    }
    const auto rest = value.substr(at);
    if (piece.kind == Kind::text) {
      if (rest.starts_with(piece.text)) {
        to[at + piece.text.size()] = true;
      }
      continue;
    }
    const auto run = std::min(rest.find_first_not_of(piece.alphabet), rest.size());
    for (auto taken = piece.least; taken <= std::min(run, piece.most); ++taken) {
      to[at + taken] = true;
    }
  }
}

std::size_t most_of(const ShapePiece& piece) {
  return piece.kind == Kind::text ? piece.text.size() : piece.most;
}

std::size_t least_of(const ShapePiece& piece) {
  return piece.kind == Kind::text ? piece.text.size() : piece.least;
}

template <typename Size>
std::size_t sum_of(const KeyShape& shape, Size size) {
  std::size_t sum = 0;
  for (const auto& piece : shape.pieces) {
    sum += size(piece);
  }
  return sum;
}

}  // namespace

base::Result<KeyShape> parse_key_shape(std::string_view text) {
  KeyShape shape;
  shape.source = text;
  while (!text.empty()) {
    if (shape.pieces.size() == bounds::kShapePiecesMax) {
      return Error{Errc::limit_exceeded, "a shape has at most 16 pieces"};
    }
    if (text.front() != '{') {
      const auto end = std::min(text.find('{'), text.size());
      const auto plain = text.substr(0, end);
      if (!std::ranges::all_of(plain, is_plain)) {
        return Error{Errc::invalid_input, "a shape is visible ASCII without spaces"};
      }
      shape.pieces.push_back({Kind::text, std::string(plain), {}, 0, 0});
      text.remove_prefix(end);
      continue;
    }
    const auto end = text.find('}');
    if (end == std::string_view::npos) {
      return Error{Errc::invalid_input, "a brace of a shape does not close"};
    }
    auto piece = parse_piece(text.substr(1, end - 1));
    if (!piece) {
      return piece.error();
    }
    const bool is_after_characters =
        !shape.pieces.empty() && shape.pieces.back().kind == Kind::characters;
    if (piece->kind == Kind::crc && !is_after_characters) {
      return Error{Errc::invalid_input, "{crc} of a shape stands behind the piece it is of"};
    }
    shape.pieces.push_back(std::move(piece).value());
    text.remove_prefix(end + 1);
  }
  const bool is_random = std::ranges::any_of(
      shape.pieces, [](const ShapePiece& piece) { return piece.kind != Kind::text; });
  return is_random ? base::Result<KeyShape>(std::move(shape))
                   : Error{Errc::invalid_input, "a shape needs a piece that differs by key"};
}

bool has_shape(const KeyShape& shape, std::string_view value) {
  // I10: what is longer than any such key is none, and costs nothing.
  if (value.size() > sum_of(shape, most_of)) {
    return false;
  }
  Reached reached(value.size() + 1, false);
  reached[0] = true;
  for (const auto& piece : shape.pieces) {
    Reached next(value.size() + 1, false);
    step(piece, value, reached, next);
    reached = std::move(next);
  }
  return reached[value.size()];
}

std::string describe(const KeyShape& shape) {
  const auto least = sum_of(shape, least_of);
  const auto most = sum_of(shape, most_of);
  std::string text;
  for (const auto& piece : shape.pieces) {
    if (piece.kind == Kind::text) {
      text += piece.text;
    } else if (!text.ends_with("...")) {
      text += "...";
    }
  }
  text += " (" + std::to_string(least);
  return text + (most > least ? " to " + std::to_string(most) : "") + " characters)";
}

std::vector<std::string_view> alphabet_names() {
  std::vector<std::string_view> names;
  for (const auto& alphabet : kAlphabets) {
    names.push_back(alphabet.name);
  }
  return names;
}

std::vector<std::string_view> structure_names() {
  std::vector<std::string_view> names;
  for (const auto& structure : kStructures) {
    names.push_back(structure.name);
  }
  return names;
}

}  // namespace keyswap::bindings
