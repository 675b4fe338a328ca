// The kernels that multiply, and which one a shape takes. Any of them gives the same bits.
#pragma once

#include "cuda/gemm.cuh"
#include "cuda/launch.cuh"
#include "cuda/memory.h"

namespace nim::cuda {

void gemm_ring_launch(const Stream&, const Gemm&);    ///< Hopper, up to 64 rows
bool gemm_ring_norms(const Gemm&);                    ///< whether it takes Gemm::normed
void gemm_batch_launch(const Stream&, const Gemm&);   ///< Hopper, 33 to 256 rows
bool gemm_batch_fits(const Gemm&);
void gemm_wgmma_launch(const Stream&, const Gemm&);   ///< Hopper, many rows
bool gemm_wgmma_fits(const Gemm&);
void gemm_direct_launch(const Stream&, const Gemm&);  ///< any chip, up to 8 rows
void gemm_tile_launch(const Stream&, const Gemm&);    ///< any chip, any rows

/// Whether `gemm` takes Gemm::normed.
inline bool gemm_norms(const Stream& stream, const Gemm& g) { return stream.hopper && gemm_ring_norms(g); }

/// The fastest for this chip and shape.
inline void gemm(const Stream& stream, const Gemm& g) {
  if (stream.hopper && g.rows > 32 && gemm_batch_fits(g)) {
    gemm_batch_launch(stream, g);
  } else if (stream.hopper && g.rows <= 64) {
    gemm_ring_launch(stream, g);
  } else if (stream.hopper && gemm_wgmma_fits(g)) {
    gemm_wgmma_launch(stream, g);
  } else if (g.rows <= 8) {
    gemm_direct_launch(stream, g);
  } else {
    gemm_tile_launch(stream, g);
  }
}

}  // namespace nim::cuda
