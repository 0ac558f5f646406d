// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a file that a command takes in: the first byte says of which kind. Each reader must
// end, keep its bounds, and either take the file or say what is wrong with it; what it takes must
// bear being used.
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/parse.h"
#include "bindings/private_key.h"
#include "bindings/provider.h"
#include "bindings/venues/table.h"
#include "proxy/base/assert.h"
#include "proxy/base/bounds.h"
#include "proxy/cli/credential_file.h"
#include "proxy/cli/env_file.h"
#include "proxy/cli/import_avp.h"
#include "proxy/cli/import_fishnet.h"
#include "proxy/cli/netrc.h"
#include "vault/secret.h"

namespace {

namespace base = keyswap::base;
namespace bindings = keyswap::bindings;
namespace cli = keyswap::cli;

// What the importer writes is looked at by the user, and then read as any bindings file is.
void read_fishnet(std::string_view text) {
  auto imported = cli::import_fishnet(text);
  if (!imported) {
    KS_ASSERT(!imported.failure().what.empty());
    return;
  }
  const auto parsed = bindings::parse(imported->bindings, "/etc/keyswap", bindings::all_venues());
  for (const auto& error : parsed.errors) {
    KS_ASSERT(!error.text.empty());
  }
}

void read_env_file(std::string text) {
  const auto file = cli::parse_env_file(text);
  for (const auto& entry : file.entries) {
    KS_ASSERT(entry.line > 0 && !entry.key.empty());
    KS_ASSERT(entry.value.empty() ||
              (entry.value.data() >= text.data() &&
               entry.value.data() + entry.value.size() <= text.data() + text.size()));
    static_cast<void>(cli::describe_bad_value(entry.value));
  }
}

void read_avp(std::string_view text) {
  auto imported = cli::import_avp(text);
  if (!imported) {
    KS_ASSERT(!imported.failure().what.empty());
    return;
  }
  static_cast<void>(bindings::parse(imported->bindings, "/etc/keyswap", bindings::all_venues()));
}

// The text with another value at each place that can be read: whoever reads it again finds that.
std::string with_placeholders(std::string_view text, const cli::CredentialFile& file) {
  std::map<std::size_t, std::pair<std::size_t, std::string>> changes;
  for (const auto& found : file.credentials) {
    const auto written = cli::written_at(text, found.spot, "placeholder");
    KS_ASSERT(cli::value_at(text, found.spot).has_value() == written.has_value() ||
              found.spot.writing != cli::Writing::basic);
    if (written) {
      changes[found.spot.begin] = {found.spot.size, *written};
    }
  }
  std::string changed;
  std::size_t at = 0;
  for (const auto& [begin, change] : changes) {
    KS_ASSERT(begin >= at);  // no place is within another
    changed += std::string(text.substr(at, begin - at)) + change.second;
    at = begin + change.first;
  }
  return changed + std::string(text.substr(at));
}

// Each value stands in the text, and another one can be put there.
void read_credentials(std::string_view text, cli::CredentialFile (*read)(std::string_view text)) {
  const auto file = read(text);
  for (const auto& found : file.credentials) {
    KS_ASSERT(found.line > 0 && found.spot.begin + found.spot.size <= text.size());
  }
  const std::string changed = with_placeholders(text, file);
  const auto again = read(changed);
  KS_ASSERT(again.credentials.size() == file.credentials.size());
}

// Nothing that concerns a bound host is left, whatever else stands there.
void filter_netrc(std::string_view text) {
  const std::vector<cli::BoundHost> bound = {{"a.b", false, 443}, {"c.d", true, 443}};
  const auto filtered = cli::filter_netrc(text, bound);
  if (filtered) {
    const auto again = cli::filter_netrc(filtered->text, bound);
    KS_ASSERT(again && again->left_out.empty() && again->text == filtered->text);
  }
}

void read_provider(std::string_view text) {
  const auto parsed = bindings::parse_provider("fuzzed", text);
  if (parsed.errors.empty()) {
    static_cast<void>(bindings::try_provider(parsed.provider, bindings::all_venues()));
  }
}

void read_private_key(std::string_view text) {
  const auto key = bindings::PrivateKey::from_text(text);
  if (key) {
    static_cast<void>(key->sign_ed25519("message"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  KS_ASSERT(keyswap::vault::lock_memory().has_value());
  if (size == 0 || size > base::bounds::kImportFileBytesMax) {
    return 0;
  }
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 12) {  // "0" is the first
    case 0:
      read_fishnet(text);
      break;
    case 1:
      read_env_file(std::string(text));
      break;
    case 2:
      read_provider(text);
      break;
    case 3:
      read_private_key(text);
      break;
    case 4:
      read_avp(text);
      break;
    case 5:
      read_credentials(text, cli::read_gh_hosts);
      break;
    case 6:
      read_credentials(text, cli::read_aws_credentials);
      break;
    case 7:
      read_credentials(text, cli::read_npmrc);
      break;
    case 8:
      read_credentials(text, cli::read_pip_config);
      break;
    case 9:
      read_credentials(text, cli::read_netrc);
      break;
    case 10:
      read_credentials(text, cli::read_docker_config);
      break;
    default:
      filter_netrc(text);
  }
  return 0;
}
