// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/trust.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <unordered_set>

#include <unistd.h>

#include "proxy/base/bytes.h"
#include "proxy/cli/files.h"

namespace keyswap::cli {

namespace {

constexpr std::size_t kRootsBytesMax = std::size_t{16} * 1024 * 1024;
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

constexpr std::array kHostRootPlaces = {
    "/etc/ssl/certs/ca-certificates.crt",  // Debian, Ubuntu, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",              // openSUSE
};

void append_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) {
    out += static_cast<char>((value >> (8 * i)) & 0xffU);
  }
}

void append_utf(std::string& out, std::string_view text) {
  append_big_endian(out, text.size(), 2);
  out += text;
}

std::uint32_t big_endian_word(const char* bytes) {
  std::uint32_t word = 0;
  for (int i = 0; i < 4; ++i) {
    word = (word << 8U) | static_cast<unsigned char>(bytes[i]);
  }
  return word;
}

using Sha1State = std::array<std::uint32_t, 5>;

struct Sha1Round {
  std::uint32_t choice;
  std::uint32_t constant;
};

Sha1Round sha1_round(unsigned step, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  if (step < 20) {
    return {(b & c) | (~b & d), 0x5a827999U};
  }
  if (step < 40) {
    return {b ^ c ^ d, 0x6ed9eba1U};
  }
  if (step < 60) {
    return {(b & c) | (b & d) | (c & d), 0x8f1bbcdcU};
  }
  return {b ^ c ^ d, 0xca62c1d6U};
}

void sha1_block(Sha1State& state, const char* block) {
  std::array<std::uint32_t, 80> words{};
  for (std::size_t i = 0; i < 16; ++i) {
    words[i] = big_endian_word(block + 4 * i);
  }
  for (std::size_t i = 16; i < words.size(); ++i) {
    words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }
  auto [a, b, c, d, e] = state;
  for (unsigned i = 0; i < words.size(); ++i) {
    const auto [choice, constant] = sha1_round(i, b, c, d);
    const std::uint32_t next = std::rotl(a, 5) + choice + e + constant + words[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  const Sha1State added = {a, b, c, d, e};
  for (std::size_t i = 0; i < state.size(); ++i) {
    state[i] += added[i];
  }
}

}  // namespace

std::string sha1(std::string_view bytes) {
  Sha1State state = {0x67452301U, 0xefcdab89U, 0x98badcfeU, 0x10325476U, 0xc3d2e1f0U};
  std::string padded(bytes);
  padded += static_cast<char>(0x80);
  padded.append((64 + 56 - padded.size() % 64) % 64, '\0');
  append_big_endian(padded, std::uint64_t{bytes.size()} * 8, 8);
  for (std::size_t at = 0; at < padded.size(); at += 64) {
    sha1_block(state, padded.data() + at);
  }
  std::string digest;
  for (const std::uint32_t word : state) {
    append_big_endian(digest, word, 4);
  }
  return digest;
}

std::string host_roots_path() {
  const auto* found = std::ranges::find_if(
      kHostRootPlaces, [](const char* place) { return access(place, R_OK) == 0; });
  return found == kHostRootPlaces.end() ? "" : *found;
}

std::string host_roots() {
  const std::string path = host_roots_path();
  auto roots =
      path.empty() ? base::Result<std::string>(std::string()) : read_file(path, kRootsBytesMax);
  return roots ? std::move(roots).value() : std::string();
}

std::vector<std::string> pem_certificates(std::string_view pem) {
  std::vector<std::string> certificates;
  for (;;) {
    const std::size_t begin = pem.find(kBegin);
    const std::size_t end = begin == std::string_view::npos ? begin : pem.find(kEnd, begin);
    if (end == std::string_view::npos) {
      return certificates;
    }
    const std::size_t after = end + kEnd.size();
    std::string certificate(pem.substr(begin, after - begin));
    std::erase(certificate, '\r');
    certificates.push_back(certificate + "\n");
    pem.remove_prefix(after);
  }
}

std::string merge_pem(const std::vector<std::string>& parts) {
  std::unordered_set<std::string> seen;
  std::string merged;
  for (const std::string& part : parts) {
    for (std::string& certificate : pem_certificates(part)) {
      if (seen.insert(der_of(certificate)).second) {
        merged += certificate;
      }
    }
  }
  return merged;
}

std::string der_of(std::string_view pem_certificate) {
  const std::size_t begin = pem_certificate.find(kBegin);
  const std::size_t end = pem_certificate.find(kEnd);
  if (begin == std::string_view::npos || end == std::string_view::npos) {
    return "";
  }
  std::string text(pem_certificate.substr(begin + kBegin.size(), end - begin - kBegin.size()));
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; });
  auto der = base::from_base64(text);
  return der ? std::move(der).value() : std::string();
}

std::string java_key_store(std::string_view pem) {
  constexpr std::uint64_t kMagic = 0xfeedfeed;
  constexpr std::uint64_t kVersion = 2;
  constexpr std::uint64_t kTrustedCertificate = 2;
  std::string entries;
  std::uint64_t count = 0;
  for (const std::string& certificate : pem_certificates(pem)) {
    const std::string der = der_of(certificate);
    if (der.empty()) {
      continue;
    }
    append_big_endian(entries, kTrustedCertificate, 4);
    append_utf(entries, "root-" + std::to_string(++count));
    append_big_endian(
        entries, 0, 8);  // the entry's date: none, so that the bytes depend on the roots alone
    append_utf(entries, "X.509");
    append_big_endian(entries, der.size(), 4);
    entries += der;
  }
  std::string store;
  append_big_endian(store, kMagic, 4);
  append_big_endian(store, kVersion, 4);
  append_big_endian(store, count, 4);
  store += entries;
  std::string digested;
  for (const char c : kJavaStorePassword) {
    append_big_endian(digested, static_cast<unsigned char>(c), 2);  // UTF-16
  }
  digested += "Mighty Aphrodite";  // the format's fixed salt
  digested += store;
  return store + sha1(digested);
}

}  // namespace keyswap::cli
