"""What the sessions share: data, augmentation, the training loop, run folders, anatomy and figures."""
