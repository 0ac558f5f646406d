// SPDX-License-Identifier: Apache-2.0
//
// One question of `keyswap doctor` and its answer. The set-up's questions are in doctor_setup.cc,
// those about the clients on this machine in doctor_clients.cc and doctor_credentials.cc; a new
// question is a function and a line there.
#pragma once

#include <string>
#include <vector>

#include "proxy/cli/client_environment.h"
#include "proxy/cli/home.h"
#include "proxy/cli/options.h"

namespace keyswap::cli {

enum class Health : unsigned char {
  ok,
  note,     // worth knowing; nothing is broken
  failed,   // will not work, or is not safe
  skipped,  // could not be asked
};

struct Finding {
  std::string question;
  Health health = Health::ok;
  std::string text;
  std::string hint;  // what to do; "" when there is nothing
};

struct Patient {
  Home home;
  UnlockOptions unlock;
  Variables environment;
};

// Stops at a home that is not there or not to be trusted.
std::vector<Finding> examine_setup(const Patient& patient);
std::vector<Finding> examine_clients(const Patient& patient);
// Where tools keep credentials of their own.
std::vector<Finding> examine_credential_files(const Patient& patient);

}  // namespace keyswap::cli
