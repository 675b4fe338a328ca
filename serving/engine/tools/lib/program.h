// What the programs of tools/ share.
#pragma once

#include <exception>
#include <iostream>
#include <utility>
#include <variant>

#include "base/error.h"
#include "nim/engine.h"

namespace nim::tools {

/// The exit status of a program: that of `work`, or one line about its error and 1.
template <typename Work>
int exit_status(Work work) {
  try {
    return work();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}

/// The id of a request that must be taken.
inline RequestId submit(Engine& engine, Request request) {
  const auto answer = engine.submit(std::move(request));
  if (const auto* refusal = std::get_if<Refusal>(&answer)) {
    fail("refused: ", refusal->message);
  }
  return std::get<RequestId>(answer);
}

}  // namespace nim::tools
