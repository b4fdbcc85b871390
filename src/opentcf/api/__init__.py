"""The HTTP face of a node: health, metrics, REST. Every look and every act is one command of the node."""
